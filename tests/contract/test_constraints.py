"""Every rule of the database has a name, and either a sentence or a reason to need none."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from fundops.errors import CONSTRAINT_PROBLEMS, PROBLEMS, constraint_problem
from fundops.messages import catalogue
from fundops.models import metadata

# No request can violate these; a violation is our own mistake and answers 500. Whole families:
UNREACHABLE_FAMILIES = {
    ("ck_", "_known"): "code lists are literals in the schemas, or set by our own steps",
    ("ck_", "_whole"): "columns are typed; this is what other programs may not do to the file",
    ("ck_", "_a_share"): "shares are read by a pattern that ends at one",
    ("pk_", ""): "keys are made by us: fresh, or from a business key that is looked up first",
    ("uq_", "_code"): "codes are handed out by a counter that the write turn guards",
}
# ... and single rules:
UNREACHABLE = {
    "ck_audit_findings_closed_by_one": "the step that closes sets both",
    "ck_audit_findings_local_positive": "amounts of requests are never negative",
    "ck_audit_findings_local_whole": "an amount comes with its currency",
    "ck_audit_findings_questioned_in_range": "amounts of requests are within the range",
    "ck_finding_entries_amount_fits": "an entry is the settlement's amount, or what it takes back",
    "ck_finding_settlements_amount_minor_in_range": "amounts of requests are within the range",
    "ck_finding_settlements_decided_by_one": "the step that decides sets both",
    "ck_finding_settlements_refund_is_named": "the service asks for it first",
    "ck_finding_settlements_write_off_is_named": "the service asks for it first",
    "ck_incident_notices_sent_whole": "the step that sends sets all of it",
    "ck_incidents_closed_by_one": "the step that closes sets both",
    "ck_incidents_closed_with_outcome": "the step that closes sets both",
    "uq_audit_findings_receivable_id": "a receivable is opened for one finding",
    "uq_finding_entries_reverses_id": "the service looks first, under the write turn",
    "uq_finding_entries_settlement_id": "a settlement is accepted once: the step leaves proposed",
    "uq_incident_holds_hold_id": "a hold is placed for one incident",
    "uq_incident_notices_incident_id_donor_id": "an incident is assessed once",
    "uq_incident_texts_incident_id_kind": "each step is taken once",
    "uq_incidents_follow_up_sha256": "77 random bits",
    "ck_source_targets_count": "reading refuses rows with negative counts",
    "ck_source_targets_superseded_later": "the chain's sequences only rise",
    "ck_source_targets_total_has_no_code": "imports write totals under no code",
    "uq_source_targets_standing": "an import supersedes what stands before it writes",
    "ck_grant_agreed_results_counts": "the schema asks for counts, and proposals were checked",
    "ck_grant_agreement_versions_countersigned": "the steps set the person before the status",
    "ck_grant_agreement_versions_notice_is_amendment": "only amendments are by notice",
    "ck_grant_agreement_versions_signature_known": "each step that signs sets its own columns",
    "ck_grant_agreement_versions_signed_first": "the step before sets the signature",
    "ck_grant_amendments_measure_positive": "a measure is of what grew or was lowered",
    "ck_grant_budget_lines_amount_positive": "amounts of requests are never negative",
    "ck_grant_suspensions_resumed_ended": "the step that resumes sets both",
    "ck_advance_write_offs_decided_by_somebody": "the step that decides sets both",
    "ck_advance_write_offs_one_subject": "the service refuses both subjects at once",
    "ck_assignments_reason_given": "the steps that end an assignment ask for a reason",
    "ck_audit_head_single": "the one row is made by the migration",
    "ck_export_jobs_running_is_leased": "who takes a job sets both",
    "ck_export_jobs_lease_whole": "who takes a job sets both",
    "ck_export_jobs_done_has_file": "what finishes a job sets all of it",
    "ck_export_jobs_failed_has_reason": "what lets a job fail sets it",
    "ck_export_jobs_progress_positive": "progress is counted up from nothing",
    "ck_bank_accounts_blocked_by_somebody": "the steps that block, free and end set all of it",
    "ck_bank_accounts_cap_has_currency": "cap and currency are one field of the request",
    "ck_bank_accounts_cap_positive": "amounts of requests are never nothing",
    "ck_bank_accounts_emergency_capped": "the service asks for a cap in an emergency, only there",
    "ck_bank_accounts_ended_when_over": "the steps that refuse or retire set the time",
    "ck_bank_accounts_first_has_evidence": "the service asks for evidence of a first account",
    "ck_board_items_amount_positive": "the service and the schema ask for an amount of an award",
    "ck_board_items_basis_named": "the service refuses a basis that its instalment does not fit",
    "ck_board_items_promoted_from_reserve": "only what somebody asked to promote is confirmed",
    "ck_board_items_reject_no_amount": "the service refuses a rejection with an amount",
    "ck_board_items_reserve_placed": "the service asks for a place on reserve, and only there",
    "ck_boards_confirmed_by_two": "the step that confirms sets the second person",
    "ck_boards_meeting_has_day": "the service asks for the day of a meeting",
    "ck_boards_quorum_positive": "the schema asks for at least one",
    "ck_bank_statements_days_ordered": "reading refuses a statement that ends before it begins",
    "ck_boards_written_has_end": "the service asks for the end of a board in writing",
    "ck_call_criteria_objective_named": "the schema asks for the objective exactly then",
    "ck_call_criteria_scale_ordered": "the schema refuses a scale that does not rise in steps",
    "ck_call_documents_age_positive": "the schema asks for at least a day",
    "ck_call_questions_answered_has_answer": "the step that answers sets both",
    "ck_call_questions_answered_has_time": "the steps that answer or withhold set the time",
    "ck_calls_envelope_positive": "amounts of requests are never negative",
    "ck_commitments_value_has_currency": "value and currency are one field of the request",
    "ck_conflicts_one_subject": "a conflict is declared with an assignment or with a party",
    "ck_release_cells_ordered": "bands are made by suppression, lower end first",
    "ck_releases_published_by": "the step that publishes sets all of it",
    "ck_releases_published_whole": "the step that publishes sets all of it",
    "ck_releases_withdrawn_at": "the step that withdraws sets all of it",
    "ck_releases_withdrawn_why": "the schema asks for a reason",
    "ck_releases_withheld_when_out": "only published releases are withheld",
    "uq_release_cells_cell": "a layout has each cell once",
    "ck_contact_channels_one_owner": "a channel is registered for a party, or else for a person",
    "ck_contact_channels_retired_when": "the step that retires sets both",
    "ck_contact_channels_verified_by_whom": "the steps that verify set all three",
    "ck_contact_channels_verified_when": "the steps that verify set all three",
    "ck_disbursements_approved_by_somebody": "the step that approves sets person and digest",
    "ck_disbursements_certified_by_somebody": "the step that certifies sets person and digest",
    "ck_disbursements_confirmation_positive": "amounts of requests are never negative",
    "ck_disbursements_confirmation_whole": "the step that confirms sets all of it",
    "ck_disbursements_paid_has_date": "the step that pays sets both",
    "ck_disbursements_returned_has_date": "the step that returns sets both",
    "ck_disbursements_sent_by_somebody": "the step that releases sets the person",
    "ck_donor_choices_new_lot": "the lot is made by the choice to reprogram",
    "ck_duty_profiles_decided": "the steps that decide set the person",
    "ck_expenditure_lines_decided_adds_up": "what is not accepted is computed from what is",
    "ck_expenditure_lines_decided_whole": "both are set together when a statement is accepted",
    "ck_expenditure_lines_refusal_has_reason": "the service asks for the reason, or gives it",
    "ck_expenditure_lines_local_positive": "amounts of reports are never negative",
    "ck_expenditure_lines_reported_something": "the schema asks for an amount of direct lines",
    "ck_local_receipts_reversal_has_reason": "the service gives both or neither",
    "ck_report_certifications_expenditure_is_certified": "the service asks for it first",
    "ck_request_decisions_amount_positive": "amounts of requests are never negative",
    "ck_expenditure_statements_accepted_has_date": "the step that accepts sets both",
    "ck_expenditure_statements_accepted_within": "no line is accepted beyond what it reports",
    "ck_expenditure_statements_correction_has_reason": "the service asks for both or neither",
    "ck_expenditure_statements_decided_by_somebody": "the steps that decide set both",
    "ck_expenditure_statements_parts_within": "parts are taken of what is accepted and stands",
    "ck_expenditure_statements_period_ordered": "the service refuses a period that ends too early",
    "ck_fund_bank_accounts_decided": "the steps that decide set the person",
    "ck_payment_batches_count_positive": "a batch of nothing is refused",
    "ck_payment_batches_released_whole": "the step that releases sets all of it",
    "ck_statement_entries_amount_not_zero": "reading leaves out entries of no amount",
    "ck_voucher_profiles_decided": "the steps that decide set the person",
    "uq_batch_items_batch_id_position": "positions are given by us, all rows at once",
    "uq_statement_entries_statement_id_position": "positions are given by us, all rows at once",
    "ck_files_not_empty": "an upload has at least a byte, and cleaning never leaves nothing",
    "ck_fund_policies_decided": "the steps that decide set the person",
    "ck_funds_reserve_not_negative": "amounts of requests are never negative",
    "ck_grant_closings_amounts_positive": "both are balances of the ledger",
    "ck_grant_closings_confirmed_by_somebody": "the step that confirms sets both",
    "ck_grant_closings_exception_is_told": "the schema asks for all of it",
    "ck_grants_adjusted_within": "only imports adjust, by what history paid beyond the award",
    "ck_grants_counters_positive": "counters are kept by the steps of disbursements",
    "ck_instalments_parts_positive": "parts are added, and taken back by what was added",
    "ck_notices_leased": "leases are set and ended with the status, in one statement",
    "ck_notices_sent_when": "marking as sent sets both",
    "ck_notices_somebody": "a recipient is a person, or a party by a channel of its own",
    "ck_notices_told_why": "whatever fails or drops a notice says why",
    "ck_organisation_profiles_budget_has_currency": "budget and currency are one field",
    "ck_organisation_profiles_budget_positive": "amounts of requests are never negative",
    "ck_payment_holds_lifted_whole": "the step that lifts sets both",
    "ck_payment_holds_one_subject": "each route places a hold on one subject",
    "ck_posted_digests_not_empty": "a seal is written by posting, after what it seals",
    "ck_proposal_attachments_removed_later": "taking away is dated after attaching",
    "ck_proposal_budget_lines_amounts_positive": "checked, line by line, before it is written",
    "ck_proposal_budget_lines_quantities_positive": "checked, line by line, before it is written",
    "ck_proposal_results_counts": "checked, result by result, before it is written",
    "ck_proposals_requested_positive": "a budget of nothing is refused",
    "ck_proposals_submitted_exists": "the step that submits adds the version first",
    "ck_proposals_submitted_has_version": "no step leaves draft without a version submitted",
    "ck_partner_assessments_confirmed_counts": "the step that confirms writes the register first",
    "ck_partner_assessments_dates_ordered": "the service refuses an end before today",
    "ck_partner_assessments_decided_by_somebody": "the steps that decide set the person",
    "ck_partner_assessments_score_adds_up": "the score is computed, an answer counts one at least",
    "ck_receipts_exchange_within": "the service refuses a credited amount that cannot be right",
    "ck_receipts_fee_within": "the service refuses a fee above the amount",
    "ck_receipts_gifts_positive": "the schema asks for at least one",
    "ck_receipts_matched_positive": "counted up by matches, down by the same when unmatched",
    "ck_accepted_versions_superseded_later": "an acceptance comes after the one it supersedes",
    "ck_progress_reports_accepted_which": "the step that accepts sets both",
    "ck_progress_reports_asks_something": "a report is started for a requirement of reports",
    "ck_progress_reports_correction_of": "only what was accepted is corrected",
    "ck_progress_reports_period_ordered": "a period is a requirement's or the agreement's",
    "ck_progress_reports_submitted_which": "the step that submits sets both",
    "ck_report_evidence_file_has_digest": "a file's digest is taken from the file",
    "ck_report_evidence_file_is_named": "the service asks for one of the two",
    "ck_report_evidence_register_is_named": "the service asks for one of the two",
    "ck_report_evidence_removed_whole": "removing sets both",
    "ck_report_expenditures_amounts_bounded": "checked, line by line, before it is written",
    "ck_report_expenditures_amounts_positive": "checked, line by line, before it is written",
    "ck_report_values_counts": "checked, figure by figure, before it is written",
    "ck_report_values_numerator_bounded": "checked, figure by figure, before it is written",
    "ck_report_values_total_has_no_code": "figures are written by one function",
    "ck_requirements_done_has_date": "the step that records sets both",
    "ck_receivable_entries_refund_is_named": "only what settles by a refund has one",
    "ck_receivables_statement_is_named": "only a closing opens one without a statement",
    "ck_reviews_reason_given": "the steps that return or set aside ask for a reason",
    "ck_sanctions_checks_resolved_by_somebody": "the steps that resolve set the person",
    "ck_statements_period_ordered": "the service refuses a period that ends before it begins",
    "ck_tranche_conditions_met_by_somebody": "the step that meets sets the person, of words only",
    "ck_tranche_conditions_one_subject": "made for a requirement or with words",
    "ck_transfers_two_accounts": "no kind of transfer has one account on both sides",
    "ck_uploads_completed_file": "the step that completes sets both",
    "ck_uploads_received_within": "a part beyond the declared size is refused before it is kept",
    "ck_write_offs_one_subject": "the schema asks for exactly one of the two",
    "uq_accounts_id_fund_id": "implied by the primary key; there for composite foreign keys",
    "uq_assignments_proposal_id_alias": "pseudonyms are drawn anew while they are taken",
    "uq_call_criteria_call_id_number": "numbers are given by position, all rows at once",
    "uq_call_documents_call_id_number": "numbers are given by position, all rows at once",
    "ck_places_at_risk_lifted_whole": "the one step that lifts sets both",
    "ck_files_purpose_screened": "a file is screened exactly where it has a purpose",
    "ck_disposals_of_something": "a disposal of nothing is not written",
    "ck_audit_samples_evaluated_by_somebody": "the steps that evaluate and send back set all of it",
    "ck_audit_samples_interval_of_units": "the plan computes an interval of units, and only there",
    "ck_audit_samples_one_scope": "the service refuses a grant and a call at once",
    "ck_audit_samples_reviewed_by_somebody": "the one step that reviews sets both",
    "ck_audit_samples_size_within": "the plan refuses more items than a workbook holds",
    "ck_audit_samples_start_within": "the start is drawn from one to the interval",
    "ck_sample_items_point_within": "an item is drawn by a unit that it holds",
    "uq_sample_items_sample_id_number": "items are numbered as they are drawn",
    "uq_sample_items_sample_id_record_id": "a population has each record once",
    "uq_sample_results_item_id_number": "counted up under the write turn",
    "ck_retention_rules_decided": "the one step that decides sets both",
    "uq_call_rules_call_id_number": "numbers are given by position, all rows at once",
    "uq_conditional_awards_grant_id_instalment_id": "a grant is made with its one instalment",
    "uq_grant_schedules_grant_id_number": "counted up under the write turn",
    "uq_grant_agreed_results_text_id_number": "numbers are given by position, all at once",
    "uq_grant_agreement_receipts_version_id": "issued by the one step that countersigns",
    "uq_grant_agreement_texts_version_id_number": "counted up under the write turn",
    "uq_grant_agreement_versions_agreement_id_number": "counted up under the write turn",
    "uq_grant_amendments_grant_id_number": "counted up under the write turn",
    "uq_grant_budget_lines_text_id_number": "numbers are given by position, all at once",
    "uq_expenditure_lines_statement_id_number": "numbers are given by position, all at once",
    "uq_import_records_profile_key": "imports look the key up, and hold the write turn",
    "uq_proposal_budget_lines_version_id_number": "numbers are given by position, all at once",
    "uq_proposal_codes_version_id_list_name_code": "codes and objectives there twice are refused",
    "uq_proposal_cofunding_version_id_number": "numbers are given by position, all at once",
    "uq_proposal_results_version_id_number": "numbers are given by position, all at once",
    "uq_published_activities_identifier": "loading looks the identifier up, under the write turn",
    "uq_accepted_versions_version_id": "a version is accepted once: the step leaves submitted",
    "uq_report_receipts_version_id": "issued by the one step that submits",
    "uq_report_versions_report_id_number": "counted up under the write turn",
    "uq_report_certifications_version_id": "each submission makes a version of its own",
    "uq_request_decisions_version_id_line_number": "a version is decided on once, under the turn",
    "uq_requirements_grant_id_kind_origin_number": "counted up under the write turn",
    "uq_reviews_assignment_id_number": "counted up under the write turn",
    "uq_set_aside_rows_run_id_row": "a run reads each row once",
    "uq_submission_receipts_proposal_id_number": "counted up under the write turn",
    "uq_tokens_secret_hash": "128 random bits",
    "uq_votes_item_id_person_id": "a later vote replaces the earlier one, under the write turn",
}


def rules(table: Table) -> Iterator[str]:
    """Yield the names of the CHECK, UNIQUE and primary key rules of a table."""
    for rule in table.constraints:
        if isinstance(rule, CheckConstraint | UniqueConstraint | PrimaryKeyConstraint):
            yield str(rule.name)
    for index in table.indexes:
        if index.unique:
            yield str(index.name)


def every_rule() -> set[str]:
    return {name for table in metadata.sorted_tables for name in rules(table)}


def in_a_family(name: str) -> bool:
    return any(name.startswith(a) and name.endswith(b) for a, b in UNREACHABLE_FAMILIES)


def test_every_rule_has_a_sentence_or_a_reason() -> None:
    unmapped = {name for name in every_rule() if constraint_problem(name) is None}
    unexplained = {name for name in unmapped if not in_a_family(name)} - UNREACHABLE.keys()
    assert unexplained == set()


def test_no_reason_or_sentence_is_left_over() -> None:
    names = every_rule()
    assert UNREACHABLE.keys() - names == set()
    assert CONSTRAINT_PROBLEMS.keys() - names == set()
    assert UNREACHABLE.keys() & CONSTRAINT_PROBLEMS.keys() == set()
    for first, last in UNREACHABLE_FAMILIES:
        assert any(name.startswith(first) and name.endswith(last) for name in names)


def test_every_sentence_is_there() -> None:
    for name, (slug, key) in CONSTRAINT_PROBLEMS.items():
        assert slug in PROBLEMS, name
        assert key in catalogue(), name


def test_every_rule_and_reference_is_named() -> None:
    for table in metadata.sorted_tables:
        for rule in table.constraints:
            name = str(rule.name or "")
            prefix = {CheckConstraint: "ck", UniqueConstraint: "uq", ForeignKeyConstraint: "fk"}
            wanted = prefix.get(type(rule), "pk")
            assert name.startswith(f"{wanted}_{table.name}"), (table.name, rule)
            # PostgreSQL would cut a longer name, and it would be mapped to nothing.
            assert len(name) <= 63, name
        for index in table.indexes:
            assert str(index.name).startswith((f"ix_{table.name}", f"uq_{table.name}"))


def test_nothing_cascades() -> None:
    for table in metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            assert key.ondelete is None, key.name
            assert key.onupdate is None, key.name


def test_every_amount_is_a_whole_number_on_sqlite_too() -> None:
    missing = []
    for table in metadata.sorted_tables:
        names = {str(rule.name) for rule in table.constraints}
        for column in table.columns:
            if column.name.endswith("_minor"):
                assert isinstance(column.type, BigInteger), column
                if f"ck_{table.name}_{column.name}_whole" not in names:
                    missing.append(str(column))
    assert missing == []


def test_references_are_indexed_where_rows_are_found_by_them() -> None:
    """Every foreign key of the ledger starts an index or is the fund's own."""
    transfers = metadata.tables["transfers"]
    indexed = {index.columns[0].name for index in transfers.indexes}
    assert {"debit_account_id", "credit_account_id", "lot_id", "grant_id", "source_id"} <= indexed
