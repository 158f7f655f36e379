-- AUTOINCREMENT never gives an id twice, not even after a deletion.
CREATE TABLE IF NOT EXISTS complaints (
    tracking_id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    content     TEXT NOT NULL,
    fields      TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS files (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL CHECK (kind IN ('docs', 'images')),
    name       TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256     TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS complaint_files (
    tracking_id INTEGER NOT NULL REFERENCES complaints,
    file_id     INTEGER NOT NULL REFERENCES files,
    PRIMARY KEY (tracking_id, file_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS followups (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tracking_id INTEGER NOT NULL REFERENCES complaints,
    created_at  TEXT NOT NULL,
    fields      TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS followup_files (
    followup_id INTEGER NOT NULL REFERENCES followups,
    file_id     INTEGER NOT NULL REFERENCES files,
    PRIMARY KEY (followup_id, file_id)
) STRICT, WITHOUT ROWID;

-- The first complaint is 9200001: seven digits, as the tracking ids of 2025 were.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'complaints', 9200000
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'complaints');
