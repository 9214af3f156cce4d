"""Which changes of a feed's declaration break what was written or is read by the released one.

Two sides are broken by a change: who sends (an event that was valid is refused) and who reads (a field, a place or an
identity that was there is another one). What is only added, widened or described otherwise breaks nobody.
"""

from kafka.feeds.checks import Field
from kafka.feeds.feed import Feed

PLACES = ("topic", "collection", "index", "key_field", "event_id", "event_time", "person_field")
LOWER_BOUNDS = ("minimum", "min_length")
UPPER_BOUNDS = ("maximum", "max_length")
FORMS = ("type", "pattern", "format", "reading")


def breaking_changes(released: Feed, now: Feed) -> list[str]:
    """One line for each, `field: what changed`; empty where none breaks."""
    found = [f"{name}: another one" for name in PLACES if getattr(released, name) != getattr(now, name)]
    if now.allowed_lead_seconds < released.allowed_lead_seconds:
        found.append("allowed_lead_seconds: less")
    if now.partitions < released.partitions:
        found.append("partitions: fewer")
    found += [f"derived_fields: {name} is gone" for name in released.derived_fields if name not in now.derived_fields]
    for field in released.fields:
        later = now.by_name.get(field.name)
        found += [f"{field.name}: is gone"] if later is None else _of_field(field, later)
    added = (field for field in now.fields if field.name not in released.by_name)
    return found + [f"{field.name}: is new and required" for field in added if field.required]


def _of_field(released: Field, now: Field) -> list[str]:
    name = released.name
    found = [f"{name}: another {form}" for form in FORMS if getattr(released, form) != getattr(now, form)]
    if now.required and not released.required:
        found.append(f"{name}: is required")
    for bound in (*LOWER_BOUNDS, *UPPER_BOUNDS):
        before, after = getattr(released, bound), getattr(now, bound)
        is_wider = after is None or (
            before is not None and (after <= before if bound in LOWER_BOUNDS else after >= before)
        )
        if not is_wider:
            found.append(f"{name}: narrower {bound}")
    if now.values and (not released.values or not set(released.values) <= set(now.values)):
        found.append(f"{name}: fewer values")
    if released.classification != now.classification:
        # Search shows it otherwise, and another set of fields is erased.
        found.append(f"{name}: another classification")
    return found
