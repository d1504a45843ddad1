"""The tables, as numbered migrations. A number that has been released is never edited.

Instants are integers: milliseconds since 1970 UTC. Days are ISO texts. Money is decimal text. Truth values are 0 or 1.
"""

from backend.store.engine import Engine, StoreError

_FIRST = """
CREATE TABLE customers (
    agreement TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL DEFAULT ''
);
CREATE TABLE connections (
    id INTEGER PRIMARY KEY, agreement TEXT NOT NULL REFERENCES customers, provider TEXT NOT NULL,
    bank TEXT NOT NULL DEFAULT '', bank_id TEXT NOT NULL DEFAULT '',
    customer TEXT NOT NULL, name_fold TEXT NOT NULL, haystack TEXT NOT NULL DEFAULT '',
    consent INTEGER, said TEXT NOT NULL DEFAULT 'none', expires_at INTEGER,
    connected_at INTEGER, renewed_at INTEGER, removed_at INTEGER, data_from TEXT, last_fetched INTEGER,
    last_synchronized INTEGER, last_attempt_at INTEGER, last_outcome TEXT, last_detail TEXT NOT NULL DEFAULT '',
    last_until INTEGER, failing_since INTEGER, running_since INTEGER, sync_failed INTEGER NOT NULL DEFAULT 0,
    next_fetch_at INTEGER, open_case INTEGER,
    accounts INTEGER NOT NULL DEFAULT 0, orphaned INTEGER NOT NULL DEFAULT 0, unmapped INTEGER NOT NULL DEFAULT 0,
    queued INTEGER NOT NULL DEFAULT 0, oldest_queued_at INTEGER, oldest_due_at INTEGER,
    held INTEGER NOT NULL DEFAULT 0, held_reason TEXT, rejected INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0, delivery_outcome TEXT,
    status TEXT NOT NULL DEFAULT 'INAKTIV', consent_axis TEXT NOT NULL DEFAULT 'none',
    fetch_axis TEXT NOT NULL DEFAULT 'never', transfer_axis TEXT NOT NULL DEFAULT 'idle',
    verdict TEXT NOT NULL DEFAULT 'wait', severity INTEGER NOT NULL DEFAULT 0,
    situation TEXT, action TEXT, wait_until INTEGER, next_change_at INTEGER,
    fingerprint TEXT, imported_token TEXT
);
CREATE INDEX connections_agreement ON connections(agreement);
CREATE INDEX connections_name ON connections(name_fold, id);
CREATE INDEX connections_expires ON connections(expires_at, id);
CREATE INDEX connections_fetched ON connections(last_fetched, id);
CREATE INDEX connections_verdict ON connections(severity, name_fold, id);
CREATE INDEX connections_change ON connections(next_change_at) WHERE next_change_at IS NOT NULL;
CREATE INDEX connections_due ON connections(next_fetch_at, id) WHERE removed_at IS NULL AND next_fetch_at IS NOT NULL;
CREATE TABLE consents (
    id INTEGER PRIMARY KEY, connection INTEGER NOT NULL REFERENCES connections, consent_id TEXT NOT NULL,
    state TEXT NOT NULL, expires_at INTEGER, granted_at INTEGER, ended_at INTEGER
);
CREATE INDEX consents_connection ON consents(connection);
CREATE INDEX consents_consent_id ON consents(consent_id);
CREATE TABLE tokens (
    consent INTEGER PRIMARY KEY REFERENCES consents, refresh BLOB NOT NULL, refresh_expires_at INTEGER,
    access BLOB, access_expires_at INTEGER, request_id TEXT, refreshing TEXT
);
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY, connection INTEGER NOT NULL REFERENCES connections, provider_account_id TEXT NOT NULL,
    key TEXT NOT NULL, iban TEXT, bban TEXT, name TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '',
    currency TEXT NOT NULL DEFAULT 'DKK', kind TEXT NOT NULL DEFAULT '', ledger_account TEXT,
    orphaned INTEGER NOT NULL DEFAULT 0, bank_id TEXT NOT NULL DEFAULT '', bank_name TEXT NOT NULL DEFAULT '',
    booked_balance TEXT, last_synchronized INTEGER, last_fetched INTEGER,
    UNIQUE (connection, key)
);
CREATE TABLE postings (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, connection INTEGER NOT NULL REFERENCES connections,
    agreement TEXT NOT NULL, account INTEGER NOT NULL, account_key TEXT NOT NULL, iban TEXT, ledger_account TEXT,
    source_id TEXT NOT NULL, date TEXT NOT NULL, value_date TEXT, amount TEXT NOT NULL, currency TEXT NOT NULL,
    text TEXT NOT NULL, balance TEXT, position INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT,
    fetched_at INTEGER NOT NULL, due_at INTEGER, acknowledged_at INTEGER, delivery TEXT
);
CREATE UNIQUE INDEX postings_seq ON postings(seq);
CREATE INDEX postings_identity ON postings(agreement, account_key, date);
CREATE INDEX postings_connection ON postings(connection, seq);
CREATE INDEX postings_open ON postings(connection, state) WHERE state IN ('held', 'queued', 'rejected');
CREATE INDEX postings_queue ON postings(agreement, ledger_account, fetched_at)
    WHERE state = 'queued' AND delivery IS NULL;
CREATE INDEX postings_delivery ON postings(delivery) WHERE delivery IS NOT NULL AND state = 'queued';
CREATE TABLE deliveries (
    key TEXT PRIMARY KEY, agreement TEXT NOT NULL, ledger_account TEXT NOT NULL, created_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, outcome TEXT, detail TEXT NOT NULL DEFAULT '', retry_at INTEGER,
    settled_at INTEGER
);
CREATE UNIQUE INDEX deliveries_open ON deliveries(agreement, ledger_account) WHERE settled_at IS NULL;
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, connection INTEGER, operation TEXT NOT NULL, started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL, outcome TEXT NOT NULL, http_status INTEGER, request_id TEXT, correlation_id TEXT,
    user_present INTEGER NOT NULL DEFAULT 0, detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX attempts_connection ON attempts(connection, id);
CREATE TABLE problems (
    id INTEGER PRIMARY KEY, connection INTEGER NOT NULL REFERENCES connections, cause TEXT NOT NULL,
    opened_at INTEGER NOT NULL, last_at INTEGER NOT NULL, times INTEGER NOT NULL DEFAULT 1, closed_at INTEGER,
    detail TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX problems_open ON problems(connection) WHERE closed_at IS NULL;
CREATE TABLE plans (
    id INTEGER PRIMARY KEY, act TEXT NOT NULL, operator TEXT NOT NULL, host TEXT NOT NULL,
    created_at INTEGER NOT NULL, then_sync INTEGER NOT NULL DEFAULT 0, refused TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE actions (
    id INTEGER PRIMARY KEY, plan INTEGER NOT NULL REFERENCES plans, connection INTEGER NOT NULL REFERENCES connections,
    act TEXT NOT NULL, state TEXT NOT NULL, key TEXT NOT NULL UNIQUE, reason TEXT NOT NULL DEFAULT '',
    result TEXT NOT NULL DEFAULT '{}', owner TEXT, then_sync INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, sent_at INTEGER, finished_at INTEGER
);
CREATE UNIQUE INDEX actions_live ON actions(connection) WHERE state IN ('intent', 'sent', 'unknown');
CREATE INDEX actions_plan ON actions(plan);
CREATE INDEX actions_connection ON actions(connection, id);
CREATE INDEX actions_waiting ON actions(act, id) WHERE state = 'waiting';
CREATE TABLE cases (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, connection INTEGER NOT NULL REFERENCES connections, action INTEGER,
    state TEXT NOT NULL UNIQUE, stage TEXT NOT NULL, link TEXT NOT NULL, consent_id TEXT, consent INTEGER,
    note TEXT NOT NULL DEFAULT '', created_at INTEGER NOT NULL, sent_at INTEGER, authorised_at INTEGER,
    closed_at INTEGER
);
CREATE INDEX cases_open ON cases(connection) WHERE closed_at IS NULL;
CREATE TABLE quota (
    connection INTEGER NOT NULL, scope TEXT NOT NULL, day TEXT NOT NULL, calls INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (connection, scope, day)
);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, connection INTEGER, operator TEXT NOT NULL,
    host TEXT NOT NULL, data TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE INDEX events_connection ON events(connection, seq);
CREATE TABLE agent (
    one INTEGER PRIMARY KEY CHECK (one = 1), pid INTEGER NOT NULL, host TEXT NOT NULL, kind TEXT NOT NULL,
    started_at INTEGER NOT NULL, last_round_at INTEGER, trouble TEXT NOT NULL DEFAULT ''
);
"""

_INCIDENTS = """
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY, scope TEXT NOT NULL, key TEXT NOT NULL, cause TEXT NOT NULL, opened_at INTEGER NOT NULL,
    closed_at INTEGER, note TEXT NOT NULL DEFAULT '', heard INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0, tried INTEGER NOT NULL DEFAULT 0, usual REAL NOT NULL DEFAULT 0,
    canary INTEGER, canary_at INTEGER, connections INTEGER NOT NULL DEFAULT 0, customers INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX incidents_open ON incidents(scope, key) WHERE closed_at IS NULL;
CREATE TABLE bank_hours (
    bank TEXT NOT NULL, hour INTEGER NOT NULL, tries INTEGER NOT NULL, failures INTEGER NOT NULL,
    PRIMARY KEY (bank, hour)
);
CREATE TABLE bank_words (
    bank TEXT PRIMARY KEY, health TEXT NOT NULL, message TEXT NOT NULL, since INTEGER NOT NULL
);
ALTER TABLE connections ADD COLUMN incident INTEGER;
CREATE INDEX connections_incident ON connections(incident) WHERE incident IS NOT NULL;
CREATE INDEX connections_tried ON connections(bank, last_attempt_at);
CREATE INDEX connections_failing ON connections(last_attempt_at, provider, bank, last_outcome)
    WHERE failing_since IS NOT NULL;
DROP INDEX connections_due;
CREATE INDEX connections_due ON connections(next_fetch_at, id)
    WHERE removed_at IS NULL AND next_fetch_at IS NOT NULL AND incident IS NULL;
CREATE INDEX deliveries_settled ON deliveries(settled_at) WHERE settled_at IS NOT NULL;
"""

_LIFETIMES = """
CREATE TABLE lifetimes (
    bank TEXT NOT NULL, days INTEGER NOT NULL, how TEXT NOT NULL, stated INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (bank, days, how, stated)
);
ALTER TABLE consents ADD COLUMN lived TEXT;
CREATE INDEX cases_consent ON cases(consent) WHERE consent IS NOT NULL;
CREATE INDEX cases_created ON cases(created_at);
"""

_WEBHOOKS = """
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, consent_id TEXT NOT NULL,
    at INTEGER NOT NULL, received_at INTEGER NOT NULL, body BLOB NOT NULL, repeats INTEGER NOT NULL DEFAULT 0,
    until INTEGER, accounts TEXT NOT NULL DEFAULT '[]', reason TEXT NOT NULL DEFAULT '',
    applied_at INTEGER, effect TEXT NOT NULL DEFAULT '', connection INTEGER
);
CREATE INDEX webhooks_open ON webhooks(at, id) WHERE applied_at IS NULL;
CREATE INDEX webhooks_consent ON webhooks(consent_id, event, at);
CREATE INDEX webhooks_received ON webhooks(received_at);
ALTER TABLE connections ADD COLUMN trusted_from INTEGER;
ALTER TABLE connections ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN told_expiry TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN news_at INTEGER;
ALTER TABLE connections ADD COLUMN heard_at INTEGER;
ALTER TABLE connections ADD COLUMN silent_since INTEGER;
CREATE INDEX connections_silent ON connections(silent_since) WHERE silent_since IS NOT NULL;
ALTER TABLE agent ADD COLUMN silent_since INTEGER;
"""

_SITUATIONS = """
ALTER TABLE connections ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN rows_missing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN balance_off INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN unselected INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN gap_from TEXT;
ALTER TABLE connections ADD COLUMN gap_to TEXT;
ALTER TABLE connections ADD COLUMN changed_rows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN mail_refused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN twin INTEGER;
ALTER TABLE connections ADD COLUMN superseded_by INTEGER;
ALTER TABLE connections ADD COLUMN selected_at INTEGER;
ALTER TABLE connections ADD COLUMN needed_at INTEGER;
CREATE INDEX customers_email ON customers(lower(email));
CREATE INDEX accounts_key ON accounts(key);
ALTER TABLE connections ADD COLUMN healed_at INTEGER;
ALTER TABLE connections ADD COLUMN usual_end_at INTEGER;
ALTER TABLE connections ADD COLUMN usual_cases INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET seen = 1 WHERE last_fetched IS NOT NULL;
ALTER TABLE accounts ADD COLUMN doubt TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN gap_from TEXT;
ALTER TABLE accounts ADD COLUMN gap_to TEXT;
ALTER TABLE accounts ADD COLUMN missing_on TEXT;
ALTER TABLE accounts ADD COLUMN off_by TEXT;
ALTER TABLE accounts ADD COLUMN silent_since TEXT;
ALTER TABLE postings ADD COLUMN change TEXT;
ALTER TABLE postings ADD COLUMN changed_at INTEGER;
ALTER TABLE postings ADD COLUMN decided_at INTEGER;
ALTER TABLE postings ADD COLUMN decided_by TEXT;
CREATE INDEX postings_odd ON postings(agreement, account_key, date)
    WHERE state = 'rejected' OR reason = 'discarded' OR change IS NOT NULL;
CREATE INDEX postings_changed ON postings(connection) WHERE change IS NOT NULL AND decided_at IS NULL;
CREATE INDEX postings_late ON postings(due_at) WHERE state = 'queued';
CREATE INDEX connections_pending ON connections(id) WHERE pending > 0;
ALTER TABLE cases ADD COLUMN opened_at INTEGER;
ALTER TABLE cases ADD COLUMN diff TEXT;
ALTER TABLE cases ADD COLUMN accepted_at INTEGER;
ALTER TABLE cases ADD COLUMN accepted_by TEXT;
ALTER TABLE bank_words ADD COLUMN audiences TEXT NOT NULL DEFAULT '[]';
ALTER TABLE attempts ADD COLUMN answer TEXT NOT NULL DEFAULT '';
CREATE TABLE reminders (
    id INTEGER PRIMARY KEY, connection INTEGER NOT NULL REFERENCES connections, consent INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, step INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
    mail_to TEXT NOT NULL DEFAULT '', message_id TEXT NOT NULL DEFAULT '', kase INTEGER,
    created_at INTEGER NOT NULL, settled_at INTEGER,
    UNIQUE (consent, expires_at, step)
);
CREATE INDEX reminders_connection ON reminders(connection, id);
CREATE INDEX reminders_intent ON reminders(id) WHERE state = 'intent';
CREATE INDEX connections_usual ON connections(usual_end_at, id) WHERE usual_end_at IS NOT NULL;
CREATE TABLE usual_lives (
    bank TEXT PRIMARY KEY, day INTEGER NOT NULL, cases INTEGER NOT NULL, wrong INTEGER NOT NULL
);
CREATE TABLE notes (
    id INTEGER PRIMARY KEY, connection INTEGER NOT NULL REFERENCES connections, at INTEGER NOT NULL,
    operator TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX notes_connection ON notes(connection, id);
ALTER TABLE problems ADD COLUMN muted_by TEXT;
ALTER TABLE problems ADD COLUMN muted_severity INTEGER;
ALTER TABLE problems ADD COLUMN snoozed_until INTEGER;
ALTER TABLE problems ADD COLUMN snoozed_for TEXT NOT NULL DEFAULT '';
ALTER TABLE problems ADD COLUMN snoozed_mark TEXT NOT NULL DEFAULT '';
ALTER TABLE problems ADD COLUMN snoozed_by TEXT;
ALTER TABLE problems ADD COLUMN assigned_to TEXT;
CREATE INDEX problems_connection ON problems(connection, cause, id);
ALTER TABLE incidents ADD COLUMN banks TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tokens ADD COLUMN refused_at INTEGER;
CREATE INDEX tokens_end ON tokens(refresh_expires_at) WHERE refresh_expires_at IS NOT NULL;
CREATE TABLE history (
    connection INTEGER NOT NULL REFERENCES connections, at INTEGER NOT NULL, seq INTEGER NOT NULL,
    whole INTEGER NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (connection, at, seq)
) WITHOUT ROWID;
CREATE INDEX history_whole ON history(connection, at, seq) WHERE whole = 1;
ALTER TABLE connections ADD COLUMN facts_print INTEGER;
UPDATE connections SET next_change_at = 0;
"""

_ACTING = """
ALTER TABLE plans ADD COLUMN state TEXT NOT NULL DEFAULT 'ended';
ALTER TABLE plans ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE plans ADD COLUMN allowed INTEGER;
ALTER TABLE plans ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0;
ALTER TABLE plans ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE plans ADD COLUMN run_at INTEGER;
ALTER TABLE plans ADD COLUMN run_by TEXT NOT NULL DEFAULT '';
ALTER TABLE plans ADD COLUMN run_host TEXT NOT NULL DEFAULT '';
ALTER TABLE plans ADD COLUMN ended_at INTEGER;
ALTER TABLE plans ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE plans ADD COLUMN approved_at INTEGER;
UPDATE plans SET run_at = created_at, run_by = operator, run_host = host;
CREATE INDEX plans_open ON plans(id) WHERE state IN ('approval', 'running', 'paused');
ALTER TABLE actions ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE actions ADD COLUMN not_before INTEGER;
ALTER TABLE actions ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE actions ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE actions ADD COLUMN seen TEXT NOT NULL DEFAULT '';
DROP INDEX actions_plan;
CREATE INDEX actions_plan ON actions(plan, state, position);
CREATE INDEX actions_ready ON actions(plan, position) WHERE state = 'intent' AND owner IS NULL;
CREATE INDEX actions_owned ON actions(owner) WHERE state IN ('intent', 'sent', 'unknown') AND owner IS NOT NULL;
INSERT INTO actions (plan, connection, act, state, key, reason, created_at, position)
    SELECT p.id, CAST(substr(json_extract(r.value, '$[0]'), 2) AS INTEGER), p.act, 'refused',
        lower(hex(randomblob(16))), json_extract(r.value, '$[1]'), p.created_at, 1000000 + r.key
    FROM plans p, json_each(p.refused) r WHERE json_extract(r.value, '$[0]') LIKE 'c%';
ALTER TABLE plans DROP COLUMN refused;
DROP TABLE quota;
CREATE TABLE spent (
    connection INTEGER NOT NULL REFERENCES connections, account INTEGER NOT NULL, scope TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX spent_lately ON spent(connection, scope, at, account);
CREATE INDEX spent_at ON spent(at);
CREATE TABLE gates (
    provider TEXT NOT NULL, bank TEXT NOT NULL, until INTEGER, reason TEXT NOT NULL DEFAULT '', width INTEGER,
    at INTEGER NOT NULL, PRIMARY KEY (provider, bank)
);
CREATE INDEX events_handover ON events(seq) WHERE kind = 'handover';
DROP INDEX connections_due;
CREATE INDEX connections_due ON connections(next_fetch_at, id, bank)
    WHERE removed_at IS NULL AND next_fetch_at IS NOT NULL AND incident IS NULL;
CREATE TABLE checkpoints (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash TEXT NOT NULL, seal TEXT NOT NULL
);
CREATE TRIGGER events_at_the_end BEFORE INSERT ON events
    WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM events)
    BEGIN SELECT RAISE(ABORT, 'the audit log grows at its end only'); END;
CREATE TRIGGER events_stay BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER events_never_go BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER checkpoints_stay BEFORE UPDATE ON checkpoints
    BEGIN SELECT RAISE(ABORT, 'the seals of the audit log are append-only'); END;
CREATE TRIGGER checkpoints_never_go BEFORE DELETE ON checkpoints
    BEGIN SELECT RAISE(ABORT, 'the seals of the audit log are append-only'); END;
"""

_READING = """
DROP INDEX cases_open;
CREATE INDEX cases_connection ON cases(connection, id);
CREATE INDEX connections_bank ON connections(bank, name_fold, id);
"""

_FORGIVING = """
ALTER TABLE plans ADD COLUMN forgiven_unknown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE actions ADD COLUMN news_at INTEGER;
"""

MIGRATIONS: tuple[tuple[str, str], ...] = (
    ("first", _FIRST),
    ("incidents", _INCIDENTS),
    ("lifetimes", _LIFETIMES),
    ("webhooks", _WEBHOOKS),
    ("situations", _SITUATIONS),
    ("acting", _ACTING),
    ("reading", _READING),
    ("forgiving", _FORGIVING),
)
"""Name and statements of each step; a store counts the steps that it has taken."""


def migrate(engine: Engine, *, may: bool = True) -> None:
    """Bring the store up to this program's schema; several processes may try at once.

    Raises StoreError for a store that a newer program has written, and for one that is no store at all; and for one
    of an older program when whoever works `may` not change it. A new one anybody may make.
    """
    version = engine.version()
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{engine.name} was written by a newer forny (its schema is {version}, this program knows "
            f"{len(MIGRATIONS)}). Nothing was changed. Update forny, or name another store with FORNY_STORE."
        )
    if version < len(MIGRATIONS):
        if version and not may:
            raise StoreError(
                f"{engine.name} is of an older forny (its schema is {version}, this program knows {len(MIGRATIONS)})."
                " Bringing it up to date is an admin's to do, with a profile that may write: ask one to run `forny"
                " doctor`."
            )
        engine.migrate(MIGRATIONS)
