"""Every command of the documentation runs in a container; the list is read from the pages and from the sources."""

from collections.abc import Iterable

from tests.command_settings import documented_commands, settings_of_command
from tests.compose_file import FIXED_BY_COMPOSE, SECRETS, Render, Service, given_to, rendered, secrets_of
from utilities.event_generator.delivery import SourceGeneratorSettings


def services_for(command: str, services: dict[str, Service], among: Iterable[str]) -> list[str]:
    """Services that give the command every setting it cannot do without."""
    required = {
        name.upper()
        for each in settings_of_command(command)
        for name, field in each.model_fields.items()
        if field.is_required()
    }
    return [name for name in among if required <= set(given_to(services[name]))]


def own_service(command: str, services: dict[str, Service]) -> list[str]:
    return [
        name for name, service in services.items() if (service.get("command") or [])[:3] == ["python", "-m", command]
    ]


def operators_commands(services: dict[str, Service]) -> list[str]:
    """Documented commands that no other service runs, and those that only the generator can."""
    named = [command for command in documented_commands() if not own_service(command, services)]
    return ["utilities.reconcile", *(each for each in named if services_for(each, services, ["operator"]))]


def test_every_documented_command_runs_in_a_container(services: dict[str, Service]) -> None:
    commands = documented_commands()
    assert {"utilities.forget_visitor", "utilities.retention", "kafka.replay_dead_letters"} <= set(commands)
    homeless = {
        command
        for command in commands
        if not own_service(command, services)
        and not services_for(command, services, ["operator", "generator", "bootstrap"])
    }
    assert homeless == set()
    # Writing to the source is the generator's alone.
    writers = [command for command in commands if SourceGeneratorSettings in settings_of_command(command)]
    assert writers
    assert all(services_for(command, services, ["operator", "generator"]) == ["generator"] for command in writers)


def test_the_operator_has_the_secrets_of_its_commands_and_no_others(services: dict[str, Service]) -> None:
    classes = {each for command in operators_commands(services) for each in settings_of_command(command)}
    assert set(given_to(services["operator"])) & set(SECRETS) == secrets_of(classes)


def test_every_setting_of_an_operators_command_can_be_set_in_env(render: Render) -> None:
    commands = operators_commands(rendered(render, SECRETS))
    fields = {name.upper() for each in commands for one in settings_of_command(each) for name in one.model_fields}
    wanted = {name for name in fields - set(SECRETS) if not FIXED_BY_COMPOSE.search(name)}
    given = rendered(render, {**SECRETS, **dict.fromkeys(wanted, "given")})["operator"]["environment"]
    assert {name for name in wanted if given.get(name) != "given"} == set()
