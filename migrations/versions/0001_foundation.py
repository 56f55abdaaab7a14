"""The foundation: parties, persons, ledger, audit chain, money in, money out, imports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from fundops.db import Text, UtcDateTime, whole

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = ("transfers", "audit_events", "import_runs", "statements")
"""Tables whose rows are never changed or deleted; the database itself refuses it."""


def create_guards() -> None:
    """Create the triggers that make append-only mean it, on either database."""
    if op.get_bind().dialect.name == "postgresql":
        _create_postgres_guards()
    else:
        _create_sqlite_guards()
    op.execute(
        "INSERT INTO audit_head (id, seq, hash, recorded_at) VALUES (1, 0, "
        + (
            "decode(repeat('00', 32), 'hex'), '1970-01-01 00:00:00+00')"
            if op.get_bind().dialect.name == "postgresql"
            else "zeroblob(32), '1970-01-01 00:00:00.000000')"
        )
    )


def _create_sqlite_guards() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            )
    op.execute(
        "CREATE TRIGGER audit_payloads_no_delete BEFORE DELETE ON audit_payloads "
        "BEGIN SELECT RAISE(ABORT, 'append-only: audit_payloads'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_payloads_disposal_only BEFORE UPDATE ON audit_payloads "
        "WHEN NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL OR NEW.disposed_seq IS NULL "
        "OR NEW.seq <> OLD.seq "
        "BEGIN SELECT RAISE(ABORT, 'append-only: audit_payloads'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head "
        "BEGIN SELECT RAISE(ABORT, 'append-only: audit_head'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_head_forward_only BEFORE UPDATE ON audit_head "
        "WHEN NEW.seq < OLD.seq OR NEW.recorded_at < OLD.recorded_at "
        "BEGIN SELECT RAISE(ABORT, 'append-only: audit_head'); END"
    )


def _create_postgres_guards() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = '23001'; END $$"
    )
    for table in (*APPEND_ONLY, "audit_payloads", "audit_head"):
        verbs = "UPDATE OR DELETE" if table in APPEND_ONLY else "DELETE"
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {verbs} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER audit_payloads_disposal_only BEFORE UPDATE ON audit_payloads FOR EACH ROW "
        "WHEN (NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL OR NEW.disposed_seq IS NULL "
        "OR NEW.seq <> OLD.seq) EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER audit_head_forward_only BEFORE UPDATE ON audit_head FOR EACH ROW "
        "WHEN (NEW.seq < OLD.seq OR NEW.recorded_at < OLD.recorded_at) "
        "EXECUTE FUNCTION refuse_change()"
    )


def upgrade() -> None:
    """Create every table and its guards."""
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("action", Text(80), nullable=False),
        sa.Column("record_type", Text(40), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("payload_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_events")),
    )
    op.create_index(
        "ix_audit_events_record", "audit_events", ["record_type", "record_id"], unique=False
    )
    op.create_index("ix_audit_events_recorded_at", "audit_events", ["recorded_at"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "code_counters",
        sa.Column("prefix", Text(12), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "year", name=op.f("pk_code_counters")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("kind", Text(20), nullable=False),
        sa.Column("name", Text(300), nullable=False),
        sa.Column("place", Text(200), nullable=True),
        sa.Column("country", Text(2), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('regional_meeting', 'conference', 'contact_group', 'other')",
            name=op.f("ck_events_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("code", name=op.f("uq_events_code")),
    )
    op.create_table(
        "exchange_rates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", Text(20), nullable=False),
        sa.Column("base", Text(3), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("rate", Text(30), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "source IN ('un_operational', 'ecb', 'bank', 'booked', 'other')",
            name=op.f("ck_exchange_rates_source_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_rates")),
        sa.UniqueConstraint(
            "source",
            "base",
            "currency",
            "starts_on",
            name=op.f("uq_exchange_rates_source_base_currency_starts_on"),
        ),
    )
    op.create_table(
        "funds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("name", Text(300), nullable=False),
        sa.Column("base_currency", Text(3), nullable=False),
        sa.Column("zone", Text(60), nullable=False),
        sa.Column("operating_reserve_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_funds_status_known")),
        sa.CheckConstraint(
            "operating_reserve_minor >= 0", name=op.f("ck_funds_reserve_not_negative")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funds")),
        sa.UniqueConstraint("code", name=op.f("uq_funds_code")),
        whole("operating_reserve_minor"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key", Text(128), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("etag", Text(80), nullable=True),
        sa.Column("location", Text(200), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "parties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("kind", Text(20), nullable=False),
        sa.Column("name", Text(300), nullable=False),
        sa.Column("country", Text(2), nullable=True),
        sa.Column("region", Text(120), nullable=True),
        sa.Column("public_label", Text(300), nullable=False),
        sa.Column("is_at_risk", sa.Boolean(), nullable=False),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('state', 'intergovernmental', 'civil_society', 'private_sector', 'foundation', 'media', 'individual', 'pseudo')",
            name=op.f("ck_parties_kind_known"),
        ),
        sa.CheckConstraint("status IN ('active', 'frozen')", name=op.f("ck_parties_status_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties")),
        sa.UniqueConstraint("code", name=op.f("uq_parties_code")),
    )
    op.create_table(
        "persons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("name", Text(200), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'left')", name=op.f("ck_persons_status_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
        sa.UniqueConstraint("code", name=op.f("uq_persons_code")),
    )
    op.create_table(
        "audit_payloads",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=True),
        sa.Column("payload", Text(), nullable=True),
        sa.Column("disposed_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["audit_events.seq"], name=op.f("fk_audit_payloads_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_payloads")),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("title", Text(500), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("envelope_minor", sa.BigInteger(), nullable=True),
        sa.Column("objectives", Text(200), nullable=False),
        sa.Column("source_code", Text(300), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'open', 'closed')", name=op.f("ck_calls_status_known")
        ),
        sa.CheckConstraint(
            "envelope_minor IS NULL OR envelope_minor >= 0", name=op.f("ck_calls_envelope_positive")
        ),
        sa.CheckConstraint(
            "opens_on IS NULL OR closes_on IS NULL OR opens_on <= closes_on",
            name=op.f("ck_calls_dates_ordered"),
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_calls_fund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("code", name=op.f("uq_calls_code")),
        whole("envelope_minor"),
    )
    op.create_index("ix_calls_fund_id", "calls", ["fund_id"], unique=False)
    op.create_index(op.f("ix_calls_source_code"), "calls", ["source_code"], unique=False)
    op.create_table(
        "commitments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("kind", Text(20), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("description", Text(4000), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", Text(3), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("follow_up_on", sa.Date(), nullable=True),
        sa.Column("follow_up_note", Text(4000), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('political', 'in_kind')", name=op.f("ck_commitments_kind_known")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'done', 'dropped')", name=op.f("ck_commitments_status_known")
        ),
        sa.CheckConstraint(
            "(value_minor IS NULL) = (currency IS NULL)",
            name=op.f("ck_commitments_value_has_currency"),
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_commitments_event_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_commitments_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitments")),
        sa.UniqueConstraint("code", name=op.f("uq_commitments_code")),
        whole("value_minor"),
    )
    op.create_index("ix_commitments_party_id", "commitments", ["party_id"], unique=False)
    op.create_table(
        "import_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile", Text(60), nullable=False),
        sa.Column("file", Text(300), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("counts", Text(20000), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_seq"], ["audit_events.seq"], name=op.f("fk_import_runs_event_seq")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_runs")),
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", Text(30), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=True),
        sa.Column("delegated_by_id", sa.Uuid(), nullable=True),
        sa.Column("lent_membership_id", sa.Uuid(), nullable=True),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("granted_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(role IN ('donor', 'grantee')) = (party_id IS NOT NULL)",
            name=op.f("ck_memberships_party_when_needed"),
        ),
        sa.CheckConstraint(
            "role IN ('administrator', 'fund_manager', 'finance_officer', 'approver', 'grant_officer', 'auditor', 'donor', 'grantee')",
            name=op.f("ck_memberships_role_known"),
        ),
        sa.CheckConstraint(
            "(delegated_by_id IS NULL) = (lent_membership_id IS NULL)",
            name=op.f("ck_memberships_delegation_lends"),
        ),
        sa.CheckConstraint(
            "delegated_by_id IS NULL OR (valid_until IS NOT NULL AND delegated_by_id <> person_id)",
            name=op.f("ck_memberships_delegation_ends"),
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_from <= valid_until",
            name=op.f("ck_memberships_period_ordered"),
        ),
        sa.ForeignKeyConstraint(
            ["delegated_by_id"], ["persons.id"], name=op.f("fk_memberships_delegated_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["persons.id"], name=op.f("fk_memberships_ended_by_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_memberships_fund_id")),
        sa.ForeignKeyConstraint(
            ["granted_by_id"], ["persons.id"], name=op.f("fk_memberships_granted_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["lent_membership_id"],
            ["memberships.id"],
            name=op.f("fk_memberships_lent_membership_id"),
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_memberships_party_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_memberships_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index(
        "ix_memberships_lent_membership_id", "memberships", ["lent_membership_id"], unique=False
    )
    op.create_index("ix_memberships_party_id", "memberships", ["party_id"], unique=False)
    op.create_index("ix_memberships_person_id", "memberships", ["person_id"], unique=False)
    op.create_table(
        "party_aliases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("spelling", Text(300), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("reviewed_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_party_aliases_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by_id"], ["persons.id"], name=op.f("fk_party_aliases_reviewed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_aliases")),
        sa.UniqueConstraint("spelling", name=op.f("uq_party_aliases_spelling")),
    )
    op.create_table(
        "party_freezes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("status", Text(20), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("frozen_by_id", sa.Uuid(), nullable=False),
        sa.Column("frozen_at", UtcDateTime(), nullable=False),
        sa.Column("restore_requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("restore_requested_at", UtcDateTime(), nullable=True),
        sa.Column("restored_by_id", sa.Uuid(), nullable=True),
        sa.Column("restored_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('in_force', 'restore_requested', 'restored')",
            name=op.f("ck_party_freezes_status_known"),
        ),
        sa.CheckConstraint(
            "(restore_requested_by_id IS NULL OR restore_requested_by_id <> frozen_by_id) AND (restored_by_id IS NULL OR restored_by_id <> frozen_by_id)",
            name=op.f("ck_party_freezes_others_restore"),
        ),
        sa.CheckConstraint(
            "restore_requested_by_id IS NULL OR restored_by_id IS NULL OR restore_requested_by_id <> restored_by_id",
            name=op.f("ck_party_freezes_two_restore"),
        ),
        sa.ForeignKeyConstraint(
            ["frozen_by_id"], ["persons.id"], name=op.f("fk_party_freezes_frozen_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_party_freezes_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["restore_requested_by_id"],
            ["persons.id"],
            name=op.f("fk_party_freezes_restore_requested_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["restored_by_id"], ["persons.id"], name=op.f("fk_party_freezes_restored_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_freezes")),
    )
    op.create_index(op.f("ix_party_freezes_party_id"), "party_freezes", ["party_id"], unique=False)
    op.create_table(
        "pledges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("rate", Text(30), nullable=True),
        sa.Column("base_minor", sa.BigInteger(), nullable=True),
        sa.Column("fiscal_year", sa.Integer(), nullable=True),
        sa.Column("pipeline_on", sa.Date(), nullable=True),
        sa.Column("pledged_on", sa.Date(), nullable=True),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("conditions", Text(4000), nullable=True),
        sa.Column("source_code", Text(120), nullable=True),
        sa.Column("status", Text(12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pipeline', 'pledged', 'agreed', 'cancelled')",
            name=op.f("ck_pledges_status_known"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_pledges_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["parties.id"], name=op.f("fk_pledges_donor_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_pledges_event_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_pledges_fund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledges")),
        sa.UniqueConstraint("code", name=op.f("uq_pledges_code")),
        whole("amount_minor"),
        whole("base_minor"),
    )
    op.create_index("ix_pledges_donor_id", "pledges", ["donor_id"], unique=False)
    op.create_index("ix_pledges_fund_id_donor_id", "pledges", ["fund_id", "donor_id"], unique=False)
    op.create_index(op.f("ix_pledges_source_code"), "pledges", ["source_code"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("rate", Text(30), nullable=False),
        sa.Column("rate_on", sa.Date(), nullable=False),
        sa.Column("rate_source", Text(20), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("exchange_minor", sa.BigInteger(), nullable=False),
        sa.Column("matched_minor", sa.BigInteger(), nullable=False),
        sa.Column("gifts", sa.Integer(), nullable=True),
        sa.Column("bank_reference", Text(140), nullable=True),
        sa.Column("comment", Text(4000), nullable=True),
        sa.Column("booked_by_id", sa.Uuid(), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "rate_source IN ('un_operational', 'ecb', 'bank', 'booked', 'other')",
            name=op.f("ck_receipts_rate_source_known"),
        ),
        sa.CheckConstraint(
            "status IN ('booked', 'reversed')", name=op.f("ck_receipts_status_known")
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_receipts_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "base_minor > 0 AND base_minor <= 1000000000000000",
            name=op.f("ck_receipts_base_minor_in_range"),
        ),
        sa.CheckConstraint(
            "exchange_minor > -base_minor", name=op.f("ck_receipts_exchange_within")
        ),
        sa.CheckConstraint(
            "fee_minor >= 0 AND fee_minor < base_minor", name=op.f("ck_receipts_fee_within")
        ),
        sa.CheckConstraint("gifts IS NULL OR gifts > 0", name=op.f("ck_receipts_gifts_positive")),
        sa.CheckConstraint(
            "matched_minor <= amount_minor", name=op.f("ck_receipts_not_over_matched")
        ),
        sa.CheckConstraint("matched_minor >= 0", name=op.f("ck_receipts_matched_positive")),
        sa.ForeignKeyConstraint(
            ["booked_by_id"], ["persons.id"], name=op.f("fk_receipts_booked_by_id")
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["parties.id"], name=op.f("fk_receipts_donor_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_receipts_fund_id")),
        sa.ForeignKeyConstraint(["payer_id"], ["parties.id"], name=op.f("fk_receipts_payer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("code", name=op.f("uq_receipts_code")),
        whole("amount_minor"),
        whole("base_minor"),
        whole("exchange_minor"),
        whole("fee_minor"),
        whole("matched_minor"),
    )
    op.create_index("ix_receipts_donor_id", "receipts", ["donor_id"], unique=False)
    op.create_index(
        "ix_receipts_fund_id_received_on", "receipts", ["fund_id", "received_on"], unique=False
    )
    op.create_index(
        "uq_receipts_fund_id_bank_reference",
        "receipts",
        ["fund_id", "bank_reference"],
        unique=True,
        sqlite_where=sa.text("status = 'booked'"),
        postgresql_where=sa.text("status = 'booked'"),
    )
    op.create_table(
        "statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("known_seq", sa.BigInteger(), nullable=False),
        sa.Column("known_at", UtcDateTime(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("issued_by_id", sa.Uuid(), nullable=True),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("from_on <= as_of_on", name=op.f("ck_statements_period_ordered")),
        sa.ForeignKeyConstraint(["donor_id"], ["parties.id"], name=op.f("fk_statements_donor_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_statements_fund_id")),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["persons.id"], name=op.f("fk_statements_issued_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sa.UniqueConstraint("code", name=op.f("uq_statements_code")),
    )
    op.create_index("ix_statements_donor_id", "statements", ["donor_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("label", Text(120), nullable=False),
        sa.Column("role", Text(30), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("made_with_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_tokens_fund_id")),
        sa.ForeignKeyConstraint(
            ["made_with_id"], ["tokens.id"], name=op.f("fk_tokens_made_with_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_tokens_party_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_tokens_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_tokens_secret_hash")),
    )
    op.create_index("ix_tokens_person_id", "tokens", ["person_id"], unique=False)
    op.create_table(
        "agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=True),
        sa.Column("title", Text(300), nullable=False),
        sa.Column("is_binding", sa.Boolean(), nullable=False),
        sa.Column("conditions", Text(4000), nullable=True),
        sa.Column("has_return_obligation", sa.Boolean(), nullable=False),
        sa.Column("conditions_met_on", sa.Date(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("spend_by_on", sa.Date(), nullable=True),
        sa.Column("category", sa.Integer(), nullable=False),
        sa.Column("earmark", Text(20000), nullable=False),
        sa.Column("support_cost_basis", Text(12), nullable=False),
        sa.Column("support_cost_ppm", sa.Integer(), nullable=False),
        sa.Column("agent_fee_ppm", sa.Integer(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'active', 'closed')", name=op.f("ck_agreements_status_known")
        ),
        sa.CheckConstraint(
            "support_cost_basis IN ('none', 'receipt', 'expenditure')",
            name=op.f("ck_agreements_support_cost_basis_known"),
        ),
        sa.CheckConstraint(
            "agent_fee_ppm >= 0 AND agent_fee_ppm <= 1000000",
            name=op.f("ck_agreements_agent_fee_ppm_a_share"),
        ),
        sa.CheckConstraint("category BETWEEN 1 AND 4", name=op.f("ck_agreements_category_known")),
        sa.CheckConstraint(
            "support_cost_ppm >= 0 AND support_cost_ppm <= 1000000",
            name=op.f("ck_agreements_support_cost_ppm_a_share"),
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["parties.id"], name=op.f("fk_agreements_donor_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_agreements_fund_id")),
        sa.ForeignKeyConstraint(
            ["pledge_id"], ["pledges.id"], name=op.f("fk_agreements_pledge_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
        sa.UniqueConstraint("code", name=op.f("uq_agreements_code")),
    )
    op.create_index(
        "ix_agreements_fund_id_donor_id", "agreements", ["fund_id", "donor_id"], unique=False
    )
    op.create_index("ix_agreements_pledge_id", "agreements", ["pledge_id"], unique=False)
    op.create_table(
        "grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("grantee_id", sa.Uuid(), nullable=False),
        sa.Column("title", Text(1000), nullable=False),
        sa.Column("country", Text(2), nullable=True),
        sa.Column("region", Text(3), nullable=True),
        sa.Column("objectives", Text(200), nullable=False),
        sa.Column("awarded_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("awarded_minor", sa.BigInteger(), nullable=False),
        sa.Column("requested_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("adjusted_minor", sa.BigInteger(), nullable=False),
        sa.Column("source_code", Text(120), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('awarded', 'closed', 'cancelled')", name=op.f("ck_grants_status_known")
        ),
        sa.CheckConstraint(
            "adjusted_minor >= 0 AND adjusted_minor < awarded_minor",
            name=op.f("ck_grants_adjusted_within"),
        ),
        sa.CheckConstraint(
            "awarded_minor > 0 AND awarded_minor <= 1000000000000000",
            name=op.f("ck_grants_awarded_minor_in_range"),
        ),
        sa.CheckConstraint(
            "requested_minor + paid_minor <= awarded_minor", name=op.f("ck_grants_not_overdrawn")
        ),
        sa.CheckConstraint(
            "requested_minor >= 0 AND paid_minor >= 0", name=op.f("ck_grants_counters_positive")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_grants_call_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_grants_fund_id")),
        sa.ForeignKeyConstraint(["grantee_id"], ["parties.id"], name=op.f("fk_grants_grantee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint("code", name=op.f("uq_grants_code")),
        whole("adjusted_minor"),
        whole("awarded_minor"),
        whole("paid_minor"),
        whole("refunded_minor"),
        whole("requested_minor"),
    )
    op.create_index("ix_grants_call_id", "grants", ["call_id"], unique=False)
    op.create_index("ix_grants_fund_id", "grants", ["fund_id"], unique=False)
    op.create_index("ix_grants_grantee_id", "grants", ["grantee_id"], unique=False)
    op.create_index(op.f("ix_grants_source_code"), "grants", ["source_code"], unique=False)
    op.create_table(
        "import_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile", Text(60), nullable=False),
        sa.Column("key", Text(300), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("file", Text(300), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("fields", Text(), nullable=False),
        sa.Column("record_type", Text(40), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.CheckConstraint(
            "status IN ('current', 'missing')", name=op.f("ck_import_records_status_known")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_runs.id"], name=op.f("fk_import_records_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_records")),
        sa.UniqueConstraint("profile", "key", name=op.f("uq_import_records_profile_key")),
    )
    op.create_index("ix_import_records_record_id", "import_records", ["record_id"], unique=False)
    op.create_table(
        "set_aside_rows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("key", Text(300), nullable=True),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("source", Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_runs.id"], name=op.f("fk_set_aside_rows_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside_rows")),
        sa.UniqueConstraint("run_id", "row", name=op.f("uq_set_aside_rows_run_id_row")),
    )
    op.create_table(
        "agreement_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('narrative', 'financial', 'audit', 'other')",
            name=op.f("ck_agreement_reports_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_agreement_reports_agreement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_reports")),
    )
    op.create_index(
        op.f("ix_agreement_reports_agreement_id"),
        "agreement_reports",
        ["agreement_id"],
        unique=False,
    )
    op.create_index("ix_agreement_reports_due_on", "agreement_reports", ["due_on"], unique=False)
    op.create_table(
        "instalments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("expected_base_minor", sa.BigInteger(), nullable=True),
        sa.Column("matched_minor", sa.BigInteger(), nullable=False),
        sa.Column("written_off_minor", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_instalments_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "matched_minor + written_off_minor <= amount_minor",
            name=op.f("ck_instalments_not_over_matched"),
        ),
        sa.CheckConstraint(
            "matched_minor >= 0 AND written_off_minor >= 0",
            name=op.f("ck_instalments_parts_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_instalments_agreement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instalments")),
        sa.UniqueConstraint(
            "agreement_id", "number", name=op.f("uq_instalments_agreement_id_number")
        ),
        whole("amount_minor"),
        whole("expected_base_minor"),
        whole("matched_minor"),
        whole("written_off_minor"),
    )
    op.create_index("ix_instalments_due_on", "instalments", ["due_on"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reference", Text(140), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('booked', 'reversed')", name=op.f("ck_refunds_status_known")
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_refunds_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_refunds_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("code", name=op.f("uq_refunds_code")),
        whole("amount_minor"),
    )
    op.create_index("ix_refunds_grant_id", "refunds", ["grant_id"], unique=False)
    op.create_table(
        "tranches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_tranches_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_tranches_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tranches")),
        sa.UniqueConstraint("grant_id", "number", name=op.f("uq_tranches_grant_id_number")),
        whole("amount_minor"),
    )
    op.create_table(
        "disbursements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("tranche_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_by_id", sa.Uuid(), nullable=True),
        sa.Column("reference", Text(140), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(status = 'paid') = (paid_on IS NOT NULL)", name=op.f("ck_disbursements_paid_has_date")
        ),
        sa.CheckConstraint(
            "status IN ('requested', 'paid', 'cancelled')",
            name=op.f("ck_disbursements_status_known"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_disbursements_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "paid_by_id IS NULL OR requested_by_id IS NULL OR paid_by_id <> requested_by_id",
            name=op.f("ck_disbursements_two_persons"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_disbursements_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["paid_by_id"], ["persons.id"], name=op.f("fk_disbursements_paid_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["persons.id"], name=op.f("fk_disbursements_requested_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["tranche_id"], ["tranches.id"], name=op.f("fk_disbursements_tranche_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursements")),
        sa.UniqueConstraint("code", name=op.f("uq_disbursements_code")),
        whole("amount_minor"),
    )
    op.create_index("ix_disbursements_grant_id", "disbursements", ["grant_id"], unique=False)
    op.create_table(
        "lots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("kind", Text(20), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("instalment_id", sa.Uuid(), nullable=True),
        sa.Column("receipt_id", sa.Uuid(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("spend_by_on", sa.Date(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("receipt_minor", sa.BigInteger(), nullable=True),
        sa.Column("receipt_currency", Text(3), nullable=True),
        sa.Column("settled_minor", sa.BigInteger(), nullable=True),
        sa.Column("category", sa.Integer(), nullable=False),
        sa.Column("earmark", Text(20000), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('receipt', 'opening', 'interest', 'fund_transfer', 'reprogram')",
            name=op.f("ck_lots_kind_known"),
        ),
        sa.CheckConstraint("status IN ('open', 'reversed')", name=op.f("ck_lots_status_known")),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_lots_amount_minor_in_range"),
        ),
        sa.CheckConstraint("category BETWEEN 1 AND 4", name=op.f("ck_lots_category_known")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_lots_agreement_id")
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["parties.id"], name=op.f("fk_lots_donor_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_lots_fund_id")),
        sa.ForeignKeyConstraint(
            ["instalment_id"], ["instalments.id"], name=op.f("fk_lots_instalment_id")
        ),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name=op.f("fk_lots_receipt_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["lots.id"], name=op.f("fk_lots_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.UniqueConstraint("code", name=op.f("uq_lots_code")),
        whole("amount_minor"),
        whole("receipt_minor"),
        whole("settled_minor"),
    )
    op.create_index("ix_lots_agreement_id", "lots", ["agreement_id"], unique=False)
    op.create_index("ix_lots_donor_id", "lots", ["donor_id"], unique=False)
    op.create_index("ix_lots_fund_id_donor_id", "lots", ["fund_id", "donor_id"], unique=False)
    op.create_index("ix_lots_receipt_id", "lots", ["receipt_id"], unique=False)
    op.create_table(
        "write_offs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("instalment_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", Text(4000), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('requested', 'approved', 'rejected')",
            name=op.f("ck_write_offs_status_known"),
        ),
        sa.CheckConstraint(
            "(instalment_id IS NULL) <> (party_id IS NULL)", name=op.f("ck_write_offs_one_subject")
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_write_offs_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> requested_by_id",
            name=op.f("ck_write_offs_two_persons"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_write_offs_decided_by_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_write_offs_fund_id")),
        sa.ForeignKeyConstraint(
            ["instalment_id"], ["instalments.id"], name=op.f("fk_write_offs_instalment_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_write_offs_party_id")),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["persons.id"], name=op.f("fk_write_offs_requested_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_offs")),
        sa.UniqueConstraint("code", name=op.f("uq_write_offs_code")),
        whole("amount_minor"),
    )
    op.create_index(
        op.f("ix_write_offs_instalment_id"), "write_offs", ["instalment_id"], unique=False
    )
    op.create_index(op.f("ix_write_offs_party_id"), "write_offs", ["party_id"], unique=False)
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(30), nullable=False),
        sa.Column("normal", Text(6), nullable=False),
        sa.Column("may_overdraw", sa.Boolean(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("debits_minor", sa.BigInteger(), nullable=False),
        sa.Column("credits_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('bank', 'bank_fees', 'unmatched', 'lot', 'provision', 'operating_reserve', 'reserved', 'support_cost_income', 'agent_fee', 'opening', 'exchange_difference', 'write_off', 'recoverable', 'advance', 'advance_control')",
            name=op.f("ck_accounts_kind_known"),
        ),
        sa.CheckConstraint(
            "may_overdraw OR CASE normal WHEN 'credit' THEN debits_minor <= credits_minor ELSE credits_minor <= debits_minor END",
            name=op.f("ck_accounts_not_overdrawn"),
        ),
        sa.CheckConstraint("normal IN ('debit', 'credit')", name=op.f("ck_accounts_normal_known")),
        sa.CheckConstraint(
            "credits_minor BETWEEN 0 AND 100000000000000000",
            name=op.f("ck_accounts_credits_in_range"),
        ),
        sa.CheckConstraint(
            "debits_minor BETWEEN 0 AND 100000000000000000",
            name=op.f("ck_accounts_debits_in_range"),
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_accounts_fund_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_accounts_grant_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_accounts_lot_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_accounts_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("id", "fund_id", name=op.f("uq_accounts_id_fund_id")),
        whole("credits_minor"),
        whole("debits_minor"),
    )
    op.create_index("ix_accounts_fund_id_kind", "accounts", ["fund_id", "kind"], unique=False)
    op.create_index("ix_accounts_grant_id", "accounts", ["grant_id"], unique=False)
    op.create_index("ix_accounts_lot_id", "accounts", ["lot_id"], unique=False)
    op.create_table(
        "bank_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("bank_reference", Text(140), nullable=True),
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('interest', 'fee')", name=op.f("ck_bank_entries_kind_known")),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_bank_entries_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_bank_entries_fund_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_bank_entries_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_entries")),
        sa.UniqueConstraint("code", name=op.f("uq_bank_entries_code")),
        whole("amount_minor"),
    )
    op.create_index(
        "uq_bank_entries_fund_id_bank_reference",
        "bank_entries",
        ["fund_id", "bank_reference"],
        unique=True,
    )
    op.create_table(
        "donor_choices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("new_lot_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("written_on", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("document", Text(300), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'reprogram') = (new_lot_id IS NOT NULL)", name=op.f("ck_donor_choices_new_lot")
        ),
        sa.CheckConstraint(
            "kind IN ('return', 'reprogram')", name=op.f("ck_donor_choices_kind_known")
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_donor_choices_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_donor_choices_lot_id")),
        sa.ForeignKeyConstraint(
            ["new_lot_id"], ["lots.id"], name=op.f("fk_donor_choices_new_lot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donor_choices")),
        sa.UniqueConstraint("code", name=op.f("uq_donor_choices_code")),
        whole("amount_minor"),
    )
    op.create_index(op.f("ix_donor_choices_lot_id"), "donor_choices", ["lot_id"], unique=False)
    op.create_table(
        "fund_transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("new_lot_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_minor", sa.BigInteger(), nullable=False),
        sa.Column("rate", Text(30), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_fund_transfers_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "received_minor > 0 AND received_minor <= 1000000000000000",
            name=op.f("ck_fund_transfers_received_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_fund_transfers_lot_id")),
        sa.ForeignKeyConstraint(
            ["new_lot_id"], ["lots.id"], name=op.f("fk_fund_transfers_new_lot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_transfers")),
        sa.UniqueConstraint("code", name=op.f("uq_fund_transfers_code")),
        whole("amount_minor"),
        whole("received_minor"),
    )
    op.create_index(op.f("ix_fund_transfers_lot_id"), "fund_transfers", ["lot_id"], unique=False)
    op.create_table(
        "reservation_pins",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("pinned_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_reservation_pins_grant_id")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_reservation_pins_lot_id")),
        sa.ForeignKeyConstraint(
            ["pinned_by_id"], ["persons.id"], name=op.f("fk_reservation_pins_pinned_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.id"], name=op.f("fk_reservation_pins_statement_id")
        ),
        sa.PrimaryKeyConstraint("grant_id", "lot_id", name=op.f("pk_reservation_pins")),
    )
    op.create_table(
        "account_days",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("debits_minor", sa.BigInteger(), nullable=False),
        sa.Column("credits_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_days_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "on_date", name=op.f("pk_account_days")),
        whole("credits_minor"),
        whole("debits_minor"),
    )
    op.create_table(
        "account_months",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("debits_minor", sa.BigInteger(), nullable=False),
        sa.Column("credits_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_months_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "month_on", name=op.f("pk_account_months")),
        whole("credits_minor"),
        whole("debits_minor"),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(30), nullable=False),
        sa.Column("debit_account_id", sa.Uuid(), nullable=False),
        sa.Column("credit_account_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("source_type", Text(30), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('receipt', 'receipt_fee', 'exchange_difference', 'match', 'fee_charge', 'exchange_charge', 'agent_fee', 'support_cost_hold', 'support_cost_earn', 'support_cost_charge', 'support_cost_return', 'set_aside', 'set_free', 'reserve', 'void', 'pay', 'advance', 'refund', 'advance_return', 'interest', 'opening', 'opening_lot', 'donor_return', 'reprogram', 'fund_transfer_out', 'fund_transfer_in', 'bank_fee', 'fee_absorbed', 'agent_fee_paid', 'recover', 'recovered', 'write_off')",
            name=op.f("ck_transfers_kind_known"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_transfers_amount_in_range"),
        ),
        sa.CheckConstraint(
            "debit_account_id <> credit_account_id", name=op.f("ck_transfers_two_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["credit_account_id", "fund_id"],
            ["accounts.id", "accounts.fund_id"],
            name=op.f("fk_transfers_credit_account_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id", "fund_id"],
            ["accounts.id", "accounts.fund_id"],
            name=op.f("fk_transfers_debit_account_id_fund_id"),
        ),
        sa.ForeignKeyConstraint(
            ["event_seq"], ["audit_events.seq"], name=op.f("fk_transfers_event_seq")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_transfers_fund_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_transfers_grant_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_transfers_lot_id")),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["transfers.id"], name=op.f("fk_transfers_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_transfers_reverses_id")),
        whole("amount_minor"),
    )
    op.create_index(
        "ix_transfers_credit_account_id_event_seq",
        "transfers",
        ["credit_account_id", "event_seq"],
        unique=False,
    )
    op.create_index(
        "ix_transfers_debit_account_id_event_seq",
        "transfers",
        ["debit_account_id", "event_seq"],
        unique=False,
    )
    op.create_index("ix_transfers_event_seq", "transfers", ["event_seq"], unique=False)
    op.create_index("ix_transfers_grant_id", "transfers", ["grant_id"], unique=False)
    op.create_index("ix_transfers_lot_id", "transfers", ["lot_id"], unique=False)
    op.create_index("ix_transfers_source_id", "transfers", ["source_id"], unique=False)
    create_guards()


def downgrade() -> None:
    """Drop everything; for empty databases in development only."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change() CASCADE")
    op.drop_index("ix_transfers_source_id", table_name="transfers")
    op.drop_index("ix_transfers_lot_id", table_name="transfers")
    op.drop_index("ix_transfers_grant_id", table_name="transfers")
    op.drop_index("ix_transfers_event_seq", table_name="transfers")
    op.drop_index("ix_transfers_debit_account_id_event_seq", table_name="transfers")
    op.drop_index("ix_transfers_credit_account_id_event_seq", table_name="transfers")
    op.drop_table("transfers")
    op.drop_table("account_months")
    op.drop_table("account_days")
    op.drop_table("reservation_pins")
    op.drop_index(op.f("ix_fund_transfers_lot_id"), table_name="fund_transfers")
    op.drop_table("fund_transfers")
    op.drop_index(op.f("ix_donor_choices_lot_id"), table_name="donor_choices")
    op.drop_table("donor_choices")
    op.drop_index("uq_bank_entries_fund_id_bank_reference", table_name="bank_entries")
    op.drop_table("bank_entries")
    op.drop_index("ix_accounts_lot_id", table_name="accounts")
    op.drop_index("ix_accounts_grant_id", table_name="accounts")
    op.drop_index("ix_accounts_fund_id_kind", table_name="accounts")
    op.drop_table("accounts")
    op.drop_index(op.f("ix_write_offs_party_id"), table_name="write_offs")
    op.drop_index(op.f("ix_write_offs_instalment_id"), table_name="write_offs")
    op.drop_table("write_offs")
    op.drop_index("ix_lots_receipt_id", table_name="lots")
    op.drop_index("ix_lots_fund_id_donor_id", table_name="lots")
    op.drop_index("ix_lots_donor_id", table_name="lots")
    op.drop_index("ix_lots_agreement_id", table_name="lots")
    op.drop_table("lots")
    op.drop_index("ix_disbursements_grant_id", table_name="disbursements")
    op.drop_table("disbursements")
    op.drop_table("tranches")
    op.drop_index("ix_refunds_grant_id", table_name="refunds")
    op.drop_table("refunds")
    op.drop_index("ix_instalments_due_on", table_name="instalments")
    op.drop_table("instalments")
    op.drop_index("ix_agreement_reports_due_on", table_name="agreement_reports")
    op.drop_index(op.f("ix_agreement_reports_agreement_id"), table_name="agreement_reports")
    op.drop_table("agreement_reports")
    op.drop_table("set_aside_rows")
    op.drop_index("ix_import_records_record_id", table_name="import_records")
    op.drop_table("import_records")
    op.drop_index(op.f("ix_grants_source_code"), table_name="grants")
    op.drop_index("ix_grants_grantee_id", table_name="grants")
    op.drop_index("ix_grants_fund_id", table_name="grants")
    op.drop_index("ix_grants_call_id", table_name="grants")
    op.drop_table("grants")
    op.drop_index("ix_agreements_pledge_id", table_name="agreements")
    op.drop_index("ix_agreements_fund_id_donor_id", table_name="agreements")
    op.drop_table("agreements")
    op.drop_index("ix_tokens_person_id", table_name="tokens")
    op.drop_table("tokens")
    op.drop_index("ix_statements_donor_id", table_name="statements")
    op.drop_table("statements")
    op.drop_index(
        "uq_receipts_fund_id_bank_reference",
        table_name="receipts",
        sqlite_where=sa.text("status = 'booked'"),
        postgresql_where=sa.text("status = 'booked'"),
    )
    op.drop_index("ix_receipts_fund_id_received_on", table_name="receipts")
    op.drop_index("ix_receipts_donor_id", table_name="receipts")
    op.drop_table("receipts")
    op.drop_index(op.f("ix_pledges_source_code"), table_name="pledges")
    op.drop_index("ix_pledges_fund_id_donor_id", table_name="pledges")
    op.drop_index("ix_pledges_donor_id", table_name="pledges")
    op.drop_table("pledges")
    op.drop_index(op.f("ix_party_freezes_party_id"), table_name="party_freezes")
    op.drop_table("party_freezes")
    op.drop_table("party_aliases")
    op.drop_index("ix_memberships_person_id", table_name="memberships")
    op.drop_index("ix_memberships_party_id", table_name="memberships")
    op.drop_index("ix_memberships_lent_membership_id", table_name="memberships")
    op.drop_table("memberships")
    op.drop_table("import_runs")
    op.drop_index("ix_commitments_party_id", table_name="commitments")
    op.drop_table("commitments")
    op.drop_index(op.f("ix_calls_source_code"), table_name="calls")
    op.drop_index("ix_calls_fund_id", table_name="calls")
    op.drop_table("calls")
    op.drop_table("audit_payloads")
    op.drop_table("persons")
    op.drop_table("parties")
    op.drop_table("idempotency_keys")
    op.drop_table("funds")
    op.drop_table("exchange_rates")
    op.drop_table("events")
    op.drop_table("code_counters")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_events_recorded_at", table_name="audit_events")
    op.drop_index("ix_audit_events_record", table_name="audit_events")
    op.drop_table("audit_events")
