"""What a dead letter says of a record, which operators read, holds no address."""

from kafka.dead_letter_reasons import refused_by_elasticsearch, refused_by_mongodb

QUOTED = "failed to parse field [price] of type [double] in document with id 't:0:1'. Preview of field's value: '{}'"


def test_the_value_that_a_server_quotes_is_scrubbed() -> None:
    error = {"type": "document_parsing_exception", "reason": QUOTED.format("anna@mail.example")}
    searched = refused_by_elasticsearch(400, error)
    assert searched and "anna" not in searched.detail and "field [price] of type [double]" in searched.detail
    landed = refused_by_mongodb(121, 'Document failed validation: { q: "+49 170 1234567" }', None)
    assert landed and "1234567" not in landed.detail and "Document failed validation" in landed.detail
    number = {"type": "document_parsing_exception", "reason": QUOTED.format("12 345")}
    told = refused_by_elasticsearch(400, number)
    assert told and told.detail == f"document_parsing_exception: {QUOTED.format('12 345')}"
