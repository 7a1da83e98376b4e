PRAGMA user_version = 12;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE TABLE "events" (
   "id" TEXT PRIMARY KEY,
   "time" TEXT,
   "host" TEXT NOT NULL,
   "client" TEXT,
   "source" TEXT,
   "format" TEXT,
   "application" TEXT,
   "company_file" TEXT,
   "run" TEXT,
   "cause" TEXT NOT NULL,
   "rule" TEXT,
   "severity" TEXT,
   "role" TEXT NOT NULL,
   "confidence" TEXT,
   "act" TEXT,
   "codes" TEXT,
   "message" TEXT,
   "evidence" TEXT,
   "title" TEXT,
   "explanation" TEXT,
   "steps" TEXT,
   "links" TEXT,
   "stored_at" TEXT,
   "changed_at" TEXT,
   "line" INTEGER,
   "offset" INTEGER,
   "told" INTEGER
, "rule_pack" TEXT, "component" TEXT, "level" TEXT, code TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(codes) THEN json_extract(codes, '$[0]') END) VIRTUAL, "others" TEXT);
CREATE TABLE "runs" (
   "id" TEXT PRIMARY KEY,
   "host" TEXT NOT NULL,
   "client" TEXT,
   "source" TEXT,
   "format" TEXT,
   "application" TEXT,
   "company_file" TEXT,
   "user" TEXT,
   "url" TEXT,
   "product_version" TEXT,
   "trigger" TEXT,
   "started" TEXT,
   "ended" TEXT,
   "outcome" TEXT NOT NULL,
   "cause" TEXT,
   "blocked_by" TEXT,
   "changed_at" TEXT,
   "line" INTEGER,
   "offset" INTEGER,
   "closed" INTEGER,
   "told" INTEGER
, seconds INTEGER GENERATED ALWAYS AS (CAST(strftime('%s', ended) AS INTEGER) - CAST(strftime('%s', started) AS INTEGER)) VIRTUAL);
CREATE TABLE "incidents" (
   "id" TEXT PRIMARY KEY,
   "host" TEXT NOT NULL,
   "application" TEXT,
   "cause" TEXT NOT NULL,
   "state" TEXT NOT NULL,
   "severity" TEXT,
   "act" TEXT,
   "client" TEXT,
   "company_file" TEXT,
   "opened_at" TEXT NOT NULL,
   "recorded_at" TEXT,
   "last_at" TEXT,
   "resolved_at" TEXT,
   "last_good_at" TEXT,
   "first_event" TEXT,
   "last_event" TEXT,
   "last_run" TEXT,
   "title" TEXT,
   "explanation" TEXT,
   "steps" TEXT,
   "links" TEXT,
   "codes" TEXT,
   "message" TEXT,
   "evidence" TEXT,
   "runs_failed" INTEGER,
   "withdrawn" INTEGER NOT NULL DEFAULT 0,
   "settled" INTEGER NOT NULL DEFAULT 0
, "acknowledged_at" TEXT, "acknowledged_by" TEXT, "ending" TEXT, "resolved_by" TEXT, "good_at" TEXT, "quiet_since" TEXT, "goods" INTEGER NOT NULL DEFAULT 0, "needs" INTEGER NOT NULL DEFAULT 1, "first_for_client" INTEGER NOT NULL DEFAULT 0, "usual" REAL);
CREATE TABLE "incident_events" (
   "event" TEXT PRIMARY KEY,
   "incident" TEXT NOT NULL,
   "at" TEXT NOT NULL,
   "run" TEXT,
   "severity" TEXT NOT NULL,
   "act" TEXT,
   "client" TEXT,
   "company_file" TEXT,
   "title" TEXT,
   "explanation" TEXT,
   "steps" TEXT,
   "links" TEXT,
   "codes" TEXT,
   "message" TEXT,
   "evidence" TEXT
);
CREATE TABLE "last_good" (
   "host" TEXT,
   "application" TEXT,
   "began_at" TEXT,
   "ended_at" TEXT,
   PRIMARY KEY ("host", "application")
);
CREATE TABLE "notifications" (
   "id" TEXT PRIMARY KEY,
   "thread" TEXT,
   "receiver" TEXT NOT NULL,
   "group_key" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "reason" TEXT,
   "created_at" TEXT,
   "closed" INTEGER NOT NULL DEFAULT 0,
   "message" TEXT
);
CREATE TABLE "notification_incidents" (
   "notification" TEXT,
   "incident" TEXT,
   PRIMARY KEY ("notification", "incident")
);
CREATE TABLE "decisions" (
   "receiver" TEXT NOT NULL,
   "group_key" TEXT NOT NULL,
   "kind" TEXT,
   "reason" TEXT NOT NULL,
   "decided_at" TEXT,
   "due_at" TEXT,
   "incidents" TEXT
, "held_by" TEXT);
CREATE TABLE "deliveries" (
   "notification" TEXT PRIMARY KEY,
   "thread" TEXT,
   "kind" TEXT,
   "receiver" TEXT NOT NULL,
   "group_key" TEXT,
   "state" TEXT NOT NULL,
   "attempts" INTEGER NOT NULL,
   "created_at" TEXT,
   "next_at" TEXT,
   "finished_at" TEXT,
   "code" INTEGER,
   "reason" TEXT
, "receipt" TEXT, "retried_at" TEXT);
CREATE TABLE "attempts" (
   "notification" TEXT,
   "attempt" INTEGER,
   "started_at" TEXT,
   "ended_at" TEXT,
   "outcome" TEXT,
   "code" INTEGER,
   "reason" TEXT,
   PRIMARY KEY ("notification", "attempt")
);
CREATE TABLE "files" (
   "file" TEXT PRIMARY KEY,
   "uid" TEXT,
   "path" TEXT,
   "volume" TEXT,
   "number" TEXT,
   "head_length" INTEGER,
   "head_hash" TEXT,
   "generation" INTEGER,
   "encoding" TEXT,
   "offset" INTEGER,
   "line" INTEGER,
   "safe" INTEGER,
   "safe_line" INTEGER,
   "marker_length" INTEGER,
   "marker_hash" TEXT,
   "format" TEXT NOT NULL DEFAULT 'qbwc',
   "past" INTEGER NOT NULL DEFAULT 0,
   "updated_at" TEXT
);
CREATE TABLE "ledger" (
   "id" INTEGER PRIMARY KEY,
   "file" TEXT NOT NULL,
   "path" TEXT NOT NULL,
   "fate" TEXT NOT NULL,
   "begin" INTEGER NOT NULL,
   "end" INTEGER,
   "reason" TEXT NOT NULL,
   "since" TEXT NOT NULL,
   "at" TEXT NOT NULL
);
CREATE TABLE "signals" (
   "id" TEXT PRIMARY KEY,
   "time" TEXT,
   "host" TEXT NOT NULL,
   "client" TEXT,
   "source" TEXT,
   "format" TEXT,
   "provider" TEXT,
   "code" TEXT,
   "level" TEXT,
   "message" TEXT NOT NULL,
   "fields" TEXT NOT NULL,
   "stored_at" TEXT,
   "line" INTEGER,
   "offset" INTEGER
);
CREATE TABLE "sources" (
   "path" TEXT PRIMARY KEY,
   "source" TEXT NOT NULL,
   "format" TEXT,
   "standing" TEXT NOT NULL,
   "file" TEXT,
   "behind_since" TEXT,
   "last_record" TEXT,
   "problem" TEXT,
   "problem_since" TEXT,
   "looked_at" TEXT NOT NULL,
   "updated_at" TEXT NOT NULL,
   "generation" INTEGER,
   "offset" INTEGER,
   "size" INTEGER,
   "drops" INTEGER,
   "missed" INTEGER,
   "polled_only" INTEGER,
   "sure" REAL
);
CREATE TABLE "channels" (
   "channel" TEXT PRIMARY KEY,
   "bookmark" INTEGER NOT NULL,
   "updated_at" TEXT
);
CREATE TABLE "first_passes" (
   "source" TEXT PRIMARY KEY,
   "at" TEXT
);
CREATE TABLE "rule_counts" (
   "log" TEXT,
   "rule" TEXT,
   "whose" TEXT,
   "marks" TEXT,
   "updated_at" TEXT,
   PRIMARY KEY ("log", "rule", "whose")
);
CREATE TABLE "reclassifications" (
   "rule_pack" TEXT PRIMARY KEY,
   "upto" TEXT,
   "seen" INTEGER,
   "moved" INTEGER,
   "kept" INTEGER,
   "begun_at" TEXT,
   "updated_at" TEXT,
   "ended_at" TEXT
);
CREATE TABLE "daily" (
   "day" TEXT NOT NULL,
   "host" TEXT NOT NULL,
   "client" TEXT,
   "application" TEXT,
   "cause" TEXT,
   "outcome" TEXT,
   "severity" TEXT,
   "runs" INTEGER NOT NULL DEFAULT 0,
   "run_s" INTEGER NOT NULL DEFAULT 0,
   "lost_s" INTEGER NOT NULL DEFAULT 0,
   "events" INTEGER NOT NULL DEFAULT 0,
   "roots" INTEGER NOT NULL DEFAULT 0,
   "h00" INTEGER NOT NULL DEFAULT 0,
   "h01" INTEGER NOT NULL DEFAULT 0,
   "h02" INTEGER NOT NULL DEFAULT 0,
   "h03" INTEGER NOT NULL DEFAULT 0,
   "h04" INTEGER NOT NULL DEFAULT 0,
   "h05" INTEGER NOT NULL DEFAULT 0,
   "h06" INTEGER NOT NULL DEFAULT 0,
   "h07" INTEGER NOT NULL DEFAULT 0,
   "h08" INTEGER NOT NULL DEFAULT 0,
   "h09" INTEGER NOT NULL DEFAULT 0,
   "h10" INTEGER NOT NULL DEFAULT 0,
   "h11" INTEGER NOT NULL DEFAULT 0,
   "h12" INTEGER NOT NULL DEFAULT 0,
   "h13" INTEGER NOT NULL DEFAULT 0,
   "h14" INTEGER NOT NULL DEFAULT 0,
   "h15" INTEGER NOT NULL DEFAULT 0,
   "h16" INTEGER NOT NULL DEFAULT 0,
   "h17" INTEGER NOT NULL DEFAULT 0,
   "h18" INTEGER NOT NULL DEFAULT 0,
   "h19" INTEGER NOT NULL DEFAULT 0,
   "h20" INTEGER NOT NULL DEFAULT 0,
   "h21" INTEGER NOT NULL DEFAULT 0,
   "h22" INTEGER NOT NULL DEFAULT 0,
   "h23" INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE rollups_due (host TEXT NOT NULL, application TEXT NOT NULL, hour TEXT NOT NULL, PRIMARY KEY (host, application, hour)) WITHOUT ROWID;
CREATE TABLE "zones" (
   "host" TEXT PRIMARY KEY,
   "zone" TEXT NOT NULL
);
CREATE TABLE "pruned" (
   "kind" TEXT PRIMARY KEY,
   "before" TEXT NOT NULL,
   "rows" INTEGER NOT NULL,
   "at" TEXT NOT NULL
);
CREATE VIRTUAL TABLE events_text USING fts5 (message, title, content = 'events', tokenize = "unicode61 remove_diacritics 2");
CREATE TABLE events_text_upto (one INTEGER PRIMARY KEY CHECK (one = 1), upto INTEGER NOT NULL);
CREATE TABLE "silences" (
   "id" TEXT PRIMARY KEY,
   "matchers" TEXT NOT NULL,
   "author" TEXT NOT NULL,
   "reason" TEXT NOT NULL,
   "starts_at" TEXT NOT NULL,
   "ends_at" TEXT NOT NULL,
   "until_recovered" INTEGER NOT NULL,
   "ended_at" TEXT,
   "warned_at" TEXT,
   "created_at" TEXT
);
CREATE TABLE "heartbeats" (
   "host" TEXT PRIMARY KEY,
   "wall" TEXT,
   "awake_s" REAL,
   "alive_s" REAL,
   "boot" TEXT,
   "known" TEXT
);
CREATE TABLE "report_sends" (
   "week" TEXT,
   "client" TEXT,
   "receiver" TEXT,
   "state" TEXT NOT NULL,
   "attempts" INTEGER NOT NULL,
   "at" TEXT NOT NULL,
   "reason" TEXT NOT NULL,
   PRIMARY KEY ("week", "client", "receiver")
);
CREATE TABLE "machines" (
   "host" TEXT PRIMARY KEY,
   "state" TEXT NOT NULL,
   "updated_at" TEXT
);
CREATE TABLE "drills" (
   "at" TEXT PRIMARY KEY,
   "passed" INTEGER,
   "report" TEXT NOT NULL
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX "idx_events_time"
    ON "events" ("time");
CREATE INDEX "idx_events_run"
    ON "events" ("run");
CREATE INDEX "idx_runs_started"
    ON "runs" ("started");
CREATE INDEX events_untold ON events (changed_at) WHERE told = 0;
CREATE INDEX runs_untold ON runs (changed_at) WHERE told = 0;
CREATE INDEX "idx_incidents_host_application_cause"
    ON "incidents" ("host", "application", "cause");
CREATE INDEX "idx_incidents_settled"
    ON "incidents" ("settled");
CREATE INDEX "idx_incidents_state_opened_at"
    ON "incidents" ("state", "opened_at");
CREATE INDEX "idx_incidents_last_at"
    ON "incidents" ("last_at");
CREATE INDEX "idx_incidents_resolved_at"
    ON "incidents" ("resolved_at");
CREATE INDEX "idx_incidents_recorded_at"
    ON "incidents" ("recorded_at");
CREATE INDEX "idx_incident_events_incident_run"
    ON "incident_events" ("incident", "run");
CREATE INDEX "idx_notifications_closed"
    ON "notifications" ("closed");
CREATE INDEX "idx_notification_incidents_incident"
    ON "notification_incidents" ("incident");
CREATE INDEX "idx_decisions_receiver_group_key"
    ON "decisions" ("receiver", "group_key");
CREATE INDEX "idx_deliveries_receiver_next_at"
    ON "deliveries" ("receiver", "next_at");
CREATE INDEX "idx_deliveries_thread"
    ON "deliveries" ("thread");
CREATE UNIQUE INDEX "idx_ledger_file_fate_begin_reason"
    ON "ledger" ("file", "fate", "begin", "reason");
CREATE INDEX "idx_ledger_at"
    ON "ledger" ("at");
CREATE INDEX ledger_lost ON ledger (at) WHERE fate = 'lost';
CREATE INDEX "idx_signals_host_time"
    ON "signals" ("host", "time");
CREATE INDEX "idx_signals_time"
    ON "signals" ("time");
CREATE INDEX "idx_daily_day"
    ON "daily" ("day");
CREATE INDEX "idx_daily_host_application_day"
    ON "daily" ("host", "application", "day");
CREATE TRIGGER runs_counted AFTER INSERT ON runs BEGIN INSERT INTO rollups_due (host, application, hour) SELECT NEW.host, coalesce(NEW.application, ''), substr(NEW."started", 1, 13) WHERE NEW."started" GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:*' ON CONFLICT DO NOTHING; END;
CREATE TRIGGER runs_uncounted AFTER DELETE ON runs BEGIN INSERT INTO rollups_due (host, application, hour) SELECT OLD.host, coalesce(OLD.application, ''), substr(OLD."started", 1, 13) WHERE OLD."started" GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:*' ON CONFLICT DO NOTHING; END;
CREATE TRIGGER runs_recounted AFTER UPDATE OF "host", "client", "application", "cause", "outcome", "started", "ended", "closed" ON runs WHEN OLD."host" IS NOT NEW."host" OR OLD."client" IS NOT NEW."client" OR OLD."application" IS NOT NEW."application" OR OLD."cause" IS NOT NEW."cause" OR OLD."outcome" IS NOT NEW."outcome" OR OLD."started" IS NOT NEW."started" OR OLD."ended" IS NOT NEW."ended" OR OLD."closed" IS NOT NEW."closed" BEGIN INSERT INTO rollups_due (host, application, hour) SELECT OLD.host, coalesce(OLD.application, ''), substr(OLD."started", 1, 13) WHERE OLD."started" GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:*' ON CONFLICT DO NOTHING; INSERT INTO rollups_due (host, application, hour) SELECT NEW.host, coalesce(NEW.application, ''), substr(NEW."started", 1, 13) WHERE NEW."started" GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:*' ON CONFLICT DO NOTHING; END;
CREATE TRIGGER events_counted AFTER INSERT ON events BEGIN INSERT INTO rollups_due (host, application, hour) SELECT NEW.host, coalesce(NEW.application, ''), substr(NEW."time", 1, 13) WHERE NEW."time" GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:*' ON CONFLICT DO NOTHING; END;
CREATE TRIGGER events_uncounted AFTER DELETE ON events BEGIN INSERT INTO rollups_due (host, application, hour) SELECT OLD.host, coalesce(OLD.application, ''), substr(OLD."time", 1, 13) WHERE OLD."time" GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:*' ON CONFLICT DO NOTHING; END;
CREATE TRIGGER events_recounted AFTER UPDATE OF "host", "client", "application", "cause", "role", "severity", "rule", "time", "run" ON events WHEN OLD."host" IS NOT NEW."host" OR OLD."client" IS NOT NEW."client" OR OLD."application" IS NOT NEW."application" OR OLD."cause" IS NOT NEW."cause" OR OLD."role" IS NOT NEW."role" OR OLD."severity" IS NOT NEW."severity" OR OLD."rule" IS NOT NEW."rule" OR OLD."time" IS NOT NEW."time" OR OLD."run" IS NOT NEW."run" BEGIN INSERT INTO rollups_due (host, application, hour) SELECT OLD.host, coalesce(OLD.application, ''), substr(OLD."time", 1, 13) WHERE OLD."time" GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:*' ON CONFLICT DO NOTHING; INSERT INTO rollups_due (host, application, hour) SELECT NEW.host, coalesce(NEW.application, ''), substr(NEW."time", 1, 13) WHERE NEW."time" GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:*' ON CONFLICT DO NOTHING; END;
CREATE INDEX "idx_events_host_application_time"
    ON "events" ("host", "application", "time");
CREATE INDEX "idx_events_cause_time"
    ON "events" ("cause", "time");
CREATE INDEX events_absent ON events (host, time) WHERE run IS NULL AND rule GLOB 'absence.*';
CREATE INDEX runs_broken ON runs (started) WHERE outcome IN ('failed', 'unfinished');
CREATE TRIGGER events_unworded AFTER DELETE ON events WHEN OLD.rowid <= coalesce((SELECT upto FROM events_text_upto), 0) BEGIN INSERT INTO events_text (events_text, rowid, message, title) VALUES ('delete', OLD.rowid, OLD.message, OLD.title); UPDATE events_text_upto SET upto = upto - 1 WHERE upto = OLD.rowid; END;
CREATE TRIGGER events_reworded AFTER UPDATE OF message, title ON events WHEN (OLD.message IS NOT NEW.message OR OLD.title IS NOT NEW.title) AND OLD.rowid <= coalesce((SELECT upto FROM events_text_upto), 0) BEGIN INSERT INTO events_text (events_text, rowid, message, title) VALUES ('delete', OLD.rowid, OLD.message, OLD.title); INSERT INTO events_text (rowid, message, title) VALUES (NEW.rowid, NEW.message, NEW.title); END;
CREATE VIEW failures AS SELECT time, client, host, application, cause, title, severity, code, message, run, source, line, id FROM events WHERE role = 'root' AND severity != 'notice';
CREATE VIEW run_log AS SELECT started, ended, seconds, client, host, application, outcome, cause, "trigger", company_file, product_version, source, line, id FROM runs WHERE closed;
CREATE VIEW outages AS WITH broken AS MATERIALIZED ( SELECT b.started AS began, (SELECT min(g.started) FROM runs g WHERE g.host = b.host AND g.application IS b.application AND g.started > b.started AND g.outcome IN ('ok', 'no_work') ) AS recovered, b.client, b.host, b.application, b.cause FROM runs b INDEXED BY runs_broken WHERE b.outcome IN ('failed', 'unfinished') AND b.closed ) SELECT min(began) AS began, recovered, CAST(strftime('%s', recovered) AS INTEGER) - CAST(strftime('%s', min(began)) AS INTEGER) AS seconds, count(*) AS failed_runs, client, host, application, cause FROM broken GROUP BY host, application, recovered;
CREATE VIEW incident_log AS SELECT opened_at, resolved_at, state, severity, client, host, application, cause, title, runs_failed, CASE WHEN resolved_at IS NOT NULL THEN CAST(strftime('%s', resolved_at) AS INTEGER) - CAST(strftime('%s', opened_at) AS INTEGER) END AS seconds, act, withdrawn, id FROM incidents;
CREATE VIEW delivery_log AS SELECT d.created_at, d.finished_at, d.receiver, d.kind, json_extract(n.message, '$.headline') AS headline, d.state, d.attempts, d.code, d.reason, d.notification AS id FROM deliveries d LEFT JOIN notifications n ON n.id = d.notification;
CREATE VIEW days AS SELECT day, client, sum(runs) AS runs, sum(runs * (outcome IN ('ok', 'no_work'))) AS good, sum(runs * (outcome = 'failed')) AS failed, sum(runs * (outcome = 'unfinished')) AS unfinished, round(100.0 * sum(runs * (outcome IN ('ok', 'no_work'))) / nullif(sum(runs), 0), 2) AS success_percent, round(sum(lost_s) / 60.0, 1) AS lost_minutes, sum(roots) AS root_events FROM daily GROUP BY day, client;
CREATE VIEW causes AS SELECT cause, sum(runs * (outcome IN ('failed', 'unfinished'))) AS broken_runs, sum(roots) AS root_events, round(sum(lost_s) / 60.0, 1) AS lost_minutes, count(DISTINCT host) AS hosts, min(day) AS first_day, max(day) AS last_day FROM daily WHERE cause IS NOT NULL GROUP BY cause;
CREATE INDEX "idx_incidents_client_cause"
    ON "incidents" ("client", "cause");
CREATE INDEX daily_broken ON daily (day) WHERE outcome IN ('failed', 'unfinished', 'missed');
CREATE INDEX daily_good ON daily (day, client, runs) WHERE outcome IN ('ok', 'no_work');
CREATE INDEX "idx_notifications_receiver_created_at"
    ON "notifications" ("receiver", "created_at");
CREATE INDEX deliveries_waiting ON deliveries (receiver, group_key) WHERE next_at IS NOT NULL;
CREATE INDEX runs_turns ON runs (host, application, started, outcome, closed, product_version, ended);
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm001_events_runs_files', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm002_incidents_and_deliveries', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm003_generations_ledger_signals', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm004_rule_packs', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm005_rollups_words_views', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm006_incident_lives', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm007_probes_others', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm008_receipts', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm009_report_sends', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm010_machines', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm011_drills', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at) VALUES ('qbwatch', 'm012_turns', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
