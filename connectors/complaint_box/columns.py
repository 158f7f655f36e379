"""Which column is which: header names as offices write them."""

import re
from enum import StrEnum


class Column(StrEnum):
    """What a table can say about a complaint; the values are what people are told."""

    NUMBER = "nomor"
    SOURCE = "sumber"
    BOX = "kotak"
    LINK = "tautan"
    HANDLE = "akun"
    TEXT = "isi"
    PLACE = "tempat"
    VILLAGE = "desa"
    KECAMATAN = "kecamatan"
    LANDMARK = "patokan"
    WRITTEN_ON = "tanggal"
    RECEIVED_ON = "tanggal diterima"
    NAME = "nama"
    PHONE = "telepon"
    EMAIL = "email"
    ADDRESS = "alamat"
    NIK = "nik"
    HIDE_IDENTITY = "anonim"
    HIDE_CONTENT = "rahasia"


# "no" alone is left out on purpose: it counts the rows of one file and names no complaint.
_ALIASES: dict[Column, str] = {
    Column.NUMBER: "nomor, nomor agenda, no agenda, nomor surat, no surat, nomor slip, no slip,"
    " nomor register, no register, nomor aduan, no aduan, id",
    Column.SOURCE: "sumber, sumber aduan, kanal, media, media pengaduan",
    Column.BOX: "kotak, kotak pengaduan, kotak saran, nama kotak",
    Column.LINK: "tautan, link, url, tautan unggahan, link postingan",
    Column.HANDLE: "akun, nama akun, akun pengunggah, username",
    Column.TEXT: "isi, isi aduan, isi pengaduan, isi laporan, aduan, pengaduan, laporan, uraian,"
    " uraian aduan, uraian pengaduan, keluhan, pesan, isi pesan, materi aduan",
    Column.PLACE: "tempat, lokasi, tempat kejadian, lokasi kejadian, lokasi aduan",
    Column.VILLAGE: "desa, kelurahan, desa kelurahan, kelurahan desa, desa kel, nama desa",
    Column.KECAMATAN: "kecamatan, kec, nama kecamatan",
    Column.LANDMARK: "patokan, titik lokasi, alamat kejadian, keterangan tempat",
    Column.WRITTEN_ON: "tanggal, tgl, tanggal surat, tgl surat, tanggal aduan, tgl aduan,"
    " tanggal slip, tanggal laporan, tgl laporan, tanggal pengaduan",
    Column.RECEIVED_ON: "tanggal diterima, tgl diterima, diterima, tanggal masuk, tgl masuk,"
    " tanggal terima, tgl terima, tanggal dibuka",
    Column.NAME: "nama, nama pelapor, pelapor, nama pengadu, pengadu, nama lengkap",
    Column.PHONE: "telepon, telpon, telp, no telp, no telepon, nomor telepon, hp, no hp, nomor hp,"
    " no wa, whatsapp, wa, kontak, handphone",
    Column.EMAIL: "email, e mail, surel, alamat email",
    Column.ADDRESS: "alamat, alamat pelapor, alamat pengadu, alamat rumah",
    Column.NIK: "nik, no ktp, nomor ktp, no nik, ktp",
    Column.HIDE_IDENTITY: "anonim, sembunyikan identitas, anonimkan",
    Column.HIDE_CONTENT: "rahasia, sembunyikan isi, rahasiakan",
}
_BY_NAME = {name.strip(): column for column, names in _ALIASES.items() for name in names.split(",")}


def recognise(header: str) -> Column | None:
    """The column of that header; case, punctuation and double spaces do not matter."""
    return _BY_NAME.get(" ".join(re.findall(r"[a-z0-9]+", header.lower())))
