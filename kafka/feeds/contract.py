"""What a declaration may say: the part of the Open Data Contract Standard 3.1 that a feed uses.

https://bitol-io.github.io/open-data-contract-standard. Names are those of the standard; what it has and no feed uses is
refused, so that a misspelt name is none that nobody reads. What it has no place for stands in `customProperties`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w-]*$")]
LogicalType = Literal["string", "timestamp", "number", "integer", "boolean", "object", "array"]
Classification = Literal["public", "internal", "identifier", "personal"]
"""identifier: names a person or a device without saying who; personal: says who somebody is."""
Format = Literal["email", "uuid", "uri", "ip", "i64", "f64"]
Reading = Literal["strict", "text", "epochSeconds", "any"]
TopicName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,200}$")]
CollectionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
IndexName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,79}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CustomProperty(_Part):
    """A name and a value that the standard has no place for."""

    property: Text
    value: Any
    description: str = ""


class Options(_Part):
    """Bounds and format of a field's values; bounds of a timestamp are timestamps."""

    minLength: int | None = Field(default=None, ge=0)  # noqa: N815  names of the standard, here and below
    maxLength: int | None = Field(default=None, ge=0)  # noqa: N815
    pattern: str | None = None
    format: Format | None = None
    minimum: int | float | str | None = None
    maximum: int | float | str | None = None
    timezone: bool | None = None


class ValidValues(_Part):
    """The argument of `invalidValues`."""

    validValues: list[Text] = Field(min_length=1)  # noqa: N815


class Quality(_Part):
    """The one rule of quality that a field may have: none of its values is outside a list."""

    metric: Literal["invalidValues"]
    arguments: ValidValues
    mustBe: Literal[0]  # noqa: N815


class Property(_Part):
    """A field of the events."""

    name: Name
    logicalType: LogicalType  # noqa: N815
    description: Text
    classification: Classification
    required: bool = False
    unique: bool = False
    examples: list[Any] = []
    logicalTypeOptions: Options = Options()  # noqa: N815
    quality: list[Quality] = Field(default=[], max_length=1)
    customProperties: list[CustomProperty] = []  # noqa: N815


class SchemaObject(_Part):
    """The event."""

    name: Name
    logicalType: Literal["object"]  # noqa: N815
    physicalType: Literal["topic"]  # noqa: N815
    properties: list[Property] = Field(min_length=1)


class Description(_Part):
    """What the feed is for, and what not to expect of it."""

    purpose: Text
    limitations: str = ""
    usage: str = ""


class Team(_Part):
    """Who answers for the feed."""

    name: Text
    description: str = ""


class Sla(_Part):
    """What is promised of the feed as a whole."""

    property: Text
    value: int | float | str
    unit: str = ""
    description: str = ""


class Contract(_Part):
    """One declaration, as its file has it."""

    apiVersion: Literal["v3.1.0"]  # noqa: N815
    kind: Literal["DataContract"]
    id: Name
    name: Text
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    domain: Text
    description: Description
    team: Team
    schema_: list[SchemaObject] = Field(alias="schema", min_length=1, max_length=1)
    slaProperties: list[Sla] = Field(min_length=1)  # noqa: N815
    customProperties: list[CustomProperty]  # noqa: N815


class FieldNotes(_Part):
    """`customProperties` of a field.

    `reading`: how a value is read; `strict` is as its logical type says, the others forgive what a reader of old events
    forgives. `holds`: an address, though the field's format does not say so.
    """

    reading: Reading = "strict"
    holds: Literal["address"] | None = None


class FeedNotes(_Part):
    """`customProperties` of a feed: where its events go, and what tells them apart."""

    topic: TopicName
    deadLetterTopic: TopicName  # noqa: N815
    partitions: int = Field(default=3, ge=1, le=1000)
    keyField: Name  # noqa: N815
    eventId: list[Name] = Field(min_length=1)  # noqa: N815
    eventTime: Name  # noqa: N815
    personField: Name | None = None  # noqa: N815
    collection: CollectionName
    index: IndexName
    derivedFields: list[Name] = []  # noqa: N815
    allowedLeadSeconds: int = Field(default=3600, ge=0)  # noqa: N815
