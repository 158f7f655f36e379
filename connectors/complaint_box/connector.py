"""The clerk's form as a channel: pages under ``/petugas``, every saved slip through the door."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from aiohttp import web

from connectors.complaint_box.settings import ComplaintBoxSettings
from connectors.complaint_box.web.pages import make_app
from connectors.complaint_box.web.site import Site
from connectors.complaint_box.web.view import PREFIX, View
from gateway.auth import AuthSettings, People, utc_now
from gateway.contract import Door
from gateway.settings import ConfigFile, GatewaySettings, WebSettings
from gateway.site_guard import SiteGuard
from normalizer.gazetteer import Gazetteer, load_gazetteer


@dataclass(slots=True)
class ComplaintBoxConnector:
    """Implements ``gateway.contract.SiteConnector``, whose ``prefix`` forbids a frozen class."""

    settings: ComplaintBoxSettings
    auth: AuthSettings
    people: People = field(repr=False)
    web_settings: WebSettings = field(repr=False)
    gazetteer: Gazetteer = field(repr=False)
    time_zone: tzinfo
    now: Callable[[], datetime] = utc_now
    prefix: str = PREFIX

    def site(self, door: Door) -> web.Application:
        """See ``SiteConnector.site``."""
        return make_app(
            Site(
                settings=self.settings,
                guard=SiteGuard(self.people, self.web_settings, "petugas"),
                gazetteer=self.gazetteer,
                door=door,
                view=View(self.settings.office_name, self.gazetteer.regency.name),
                time_zone=self.time_zone,
                idle_minutes=self.auth.session_idle_minutes,
                now=self.now,
            )
        )


def build(config: ConfigFile) -> Sequence[ComplaintBoxConnector]:
    """The form as the settings want it; nothing when it is switched off.

    Raises:
        Misconfigured: a setting is wrong.
    """
    settings = config.load(ComplaintBoxSettings)
    if not settings.enabled:
        return ()
    home = config.load(GatewaySettings)
    auth = config.load(AuthSettings)
    return (
        ComplaintBoxConnector(
            settings=settings,
            auth=auth,
            people=People(home.data_dir, auth),
            web_settings=config.load(WebSettings),
            gazetteer=load_gazetteer(),
            time_zone=ZoneInfo(home.time_zone),
        ),
    )
