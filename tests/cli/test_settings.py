"""Settings: which source wins, what is refused, and that the sentence names file, line, field and remedy."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from backend.config import ConfigError, Secret, Settings
from backend.setting_values import KINDS
from backend.settings import as_text, load, pick_language, read, require, schema
from backend.texts import texts_in

ENGLISH = {"LC_ALL": "C"}
SAY = texts_in("en")


def written(folder: Path, text: str) -> dict[str, str]:
    """An environment that points at a configuration file with this text."""
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return {**ENGLISH, "FORNY_CONFIG": str(file)}


def problem(folder: Path, text: str, extra: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load({}, {**written(folder, text), **(extra or {})})
    return str(caught.value)


def test_flag_over_variable_over_profile_over_shared_over_default(tmp_path: Path) -> None:
    env = written(tmp_path, 'operator = "shared"\nmail_from = "a@b.dk"\n[profiles.default]\noperator = "profile"\n')
    assert load({}, env).operator == "profile"
    assert load({}, env).mail_from == "a@b.dk"
    assert load({}, {**env, "FORNY_OPERATOR": "variable"}).operator == "variable"
    assert load({"operator": "flag"}, {**env, "FORNY_OPERATOR": "variable"}).operator == "flag"
    assert load({}, env).fetch_every == Settings().fetch_every


def test_origins_say_where_a_value_came_from(tmp_path: Path) -> None:
    env = written(tmp_path, '[profiles.p]\nenvironment = "test"\n')
    loaded = read({"store": "x.db"}, {**env, "FORNY_OPERATOR": "me"})
    assert loaded.origins["environment"] == "config.toml [profiles.p]"
    assert loaded.origins["store"] == "--store"
    assert loaded.origins["operator"] == "FORNY_OPERATOR"
    assert loaded.origins["smtp_url"] == "default"


def test_the_only_profile_is_taken_and_several_must_be_chosen_from(tmp_path: Path) -> None:
    assert load({}, written(tmp_path, '[profiles.north]\noperator = "n"\n')).profile == "north"
    two = '[profiles.north]\noperator = "n"\n[profiles.south]\noperator = "s"\n'
    assert "--profile north" in problem(tmp_path, two)
    assert load({}, written(tmp_path, two), profile="south").operator == "s"
    assert load({}, {**written(tmp_path, two), "FORNY_PROFILE": "south"}).operator == "s"
    assert load({}, written(tmp_path, 'profile = "south"\n' + two)).operator == "s"
    with pytest.raises(ConfigError, match=r"no profile west .* north, south"):
        load({}, written(tmp_path, two), profile="west")


def test_unknown_key_is_named_with_line_and_nearest(tmp_path: Path) -> None:
    text = problem(tmp_path, '[profiles.default]\n\naiia_base_ur = "https://a.dk"\n')
    assert "config.toml, line 3" in text
    assert "aiia_base_ur" in text and "Did you mean aiia_base_url?" in text


def test_the_line_is_that_of_the_profile_in_use(tmp_path: Path) -> None:
    text = '[profiles.a]\nfetch_every = "2h"\n[profiles.b]\nfetch_every = "soon"\n'
    with pytest.raises(ConfigError, match="line 4"):
        load({}, written(tmp_path, text), profile="b")


def test_broken_toml_and_missing_file_are_sentences(tmp_path: Path) -> None:
    assert "not valid TOML" in problem(tmp_path, "store = ")
    with pytest.raises(ConfigError, match="There is no configuration file"):
        load({}, {**ENGLISH, "FORNY_CONFIG": str(tmp_path / "none.toml")})


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("aiia_base_url", "http://api.example.com", "only https"),
        ("aiia_base_url", "api.example.com", "https://"),
        ("aiia_base_url", "https://me:pw@api.example.com", "no name or password"),
        ("reconciliation_url", "https://a.dk/?x=1", "no ? or #"),
        ("aiia_base_url", "http://[::1", "https://"),
        ("smtp_url", "mail.example.com", "smtp://"),
        ("store", "mysql://db/forny", "postgresql://user@host/database"),
        ("store", "postgresql://db:port/forny", "postgresql://user@host/database"),
        ("provider", "tink", "aiia"),
        ("language", "fr", "da, en"),
        ("listen", "8080", "HOST:PORT"),
        ("fetch_every", "soon", "30m"),
        ("fetch_every", "0", "30m"),
        ("reminders", "soon", "7d,3d,1d"),
        ("reminders", "7", "7d,3d,1d"),
        ("reminders", "0d", "7d,3d,1d"),
        ("reminders", "7d,,1d", "off for none"),
        ("reminders", "7d,off", "off for none"),
        ("reminders", "1d,2d,3d,4d,5d,6d,7d,8d,9d,10d,11d", "10 at most"),
        ("clock", "1:2", "three numbers"),
        ("clock", "0:0:0", "three numbers"),
        ("environment", "a b", "one word"),
        ("clusters", "Nordea", "BEC=Spar Nord"),
        ("clusters", "A=Lunar; B=Lunar", "one place only"),
        ("operator", "a\x1b[31mb", "control characters"),
        ("roles", "boss=eva", "boss=eva cannot be read. Write role=user,@group"),
        ("roles", "admin=eva; admin=bo", "each role once"),
        ("read_only", "yes", "true or false"),
        ("second_pair_from", "-1", "whole number"),
        ("second_pair_from", "many", "whole number"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_what_would_do(key: str, value: str, told: str) -> None:
    name = f"FORNY_{key.upper()}"
    with pytest.raises(ConfigError) as caught:
        load({}, {**ENGLISH, name: value})
    assert told in str(caught.value) and name in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_wrong_types_in_the_file_are_refused(tmp_path: Path) -> None:
    assert "text in quotes" in problem(tmp_path, "store = 5\n")
    assert "30m" in problem(tmp_path, "fetch_every = true\n")
    assert "sections" in problem(tmp_path, "profiles = 3\n")
    assert load({}, written(tmp_path, "fetch_every = 90\n")).fetch_every == 90


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("2h", 7200), ("3d", 259_200)])
def test_durations(text: str, seconds: int) -> None:
    assert load({}, {"FORNY_FETCH_EVERY": text}).fetch_every == seconds


def test_a_wrong_role_is_told_with_file_and_line(tmp_path: Path) -> None:
    text = problem(tmp_path, '[profiles.p]\nstore = "x.db"\nroles = "admins=@a"\n')
    assert "config.toml, line 3: roles cannot be used: admins=@a cannot be read." in text


GUARDED = """
[profiles.p]
environment = "production"
roles = "admin=eva"
read_only = true
second_pair_from = 100
audit_anchor = "/var/log/anchor"
undo_window = "10m"
allowance = 4
allowance_reserve = 2
"""


@pytest.mark.parametrize(
    ("key", "value", "standing"),
    [
        ("environment", "demo", "production"),
        ("roles", "admin=*", "admin=eva"),
        ("read_only", "false", "true"),
        ("second_pair_from", "0", "100"),
        ("audit_anchor", "/tmp/elsewhere", "/var/log/anchor"),
        ("undo_window", "off", "10m"),
        ("allowance", "99", "4"),
        ("allowance_reserve", "0", "2"),
    ],
)
def test_who_runs_a_command_cannot_free_himself_of_what_the_file_says(
    tmp_path: Path, key: str, value: str, standing: str
) -> None:
    name = f"FORNY_{key.upper()}"
    text = problem(tmp_path, GUARDED, {name: value})
    assert name in text and f"says {standing}, and it can only be changed there" in text
    assert load({}, {**written(tmp_path, GUARDED), name: standing}).profile == "p", "to say the same is no harm"


def test_a_clock_of_ones_own_is_not_for_production(tmp_path: Path) -> None:
    assert "not for production" in problem(tmp_path, 'roles = "admin=eva"\n', {"FORNY_CLOCK": "0:-86400:1"})
    demo = 'environment = "demo"\n'
    assert load({}, {**written(tmp_path, demo), "FORNY_CLOCK": "0:0:2"}).clock == "0:0:2"
    assert "FORNY_CLOCK" in problem(tmp_path, demo + 'clock = "0:0:1"\n', {"FORNY_CLOCK": "0:0:2"})
    assert load({}, {**written(tmp_path, ""), "FORNY_CLOCK": "0:0:2"}).clock == "0:0:2", "nobody says that it is"


def test_a_store_from_outside_does_not_come_under_the_rights_of_any_profile(tmp_path: Path) -> None:
    two = 'profile = "live"\n[profiles.live]\nroles = "admin=eva"\n[profiles.test]\nenvironment = "test"\n'
    env = {**written(tmp_path, two), "FORNY_STORE": str(tmp_path / "live.db")}
    assert load({}, env).roles == "admin=eva", "the rights that the file itself chooses"
    with pytest.raises(ConfigError, match=r"no profile default .* live, test"):
        load({}, env, profile="default")
    with pytest.raises(ConfigError, match=r"profile live in .* gives other rights than test"):
        load({}, env, profile="test")
    assert load({}, written(tmp_path, two), profile="test").roles == ""
    alike = two.replace("test]\n", 'test]\nroles = "admin=eva"\n')
    assert load({}, {**env, **written(tmp_path, alike)}, profile="test").roles == "admin=eva"


def test_what_the_file_does_not_say_a_variable_may_and_read_only_always(tmp_path: Path) -> None:
    env = {"FORNY_ROLES": "view=*", "FORNY_SECOND_PAIR_FROM": "5", "FORNY_ENVIRONMENT": "demo"}
    settings = load({}, {**written(tmp_path, "read_only = false\n"), **env, "FORNY_READ_ONLY": "true"})
    assert (settings.roles, settings.second_pair_from, settings.environment) == ("view=*", 5, "demo")
    assert settings.read_only
    assert load({"read_only": "true"}, written(tmp_path, "read_only = false\n")).read_only


def test_the_second_pair_is_off_until_somebody_asks_for_it(tmp_path: Path) -> None:
    assert Settings().second_pair_from == 0 and not Settings().identified
    assert load({}, written(tmp_path, "second_pair_from = 50\n")).identified


@pytest.mark.parametrize(
    ("environment", "production"),
    [
        ("production", True),
        ("prod", True),
        ("PROD", True),
        ("live", True),
        ("drift", True),
        ("testimony", True),
        ("test", False),
        ("Test-EU", False),
        ("sandbox", False),
        ("demo.2", False),
        ("staging_b", False),
    ],
)
def test_a_word_that_nobody_knows_is_production(environment: str, production: bool) -> None:
    assert Settings(environment=environment).production is production


def test_the_environment_cannot_be_left_empty(tmp_path: Path) -> None:
    assert "one word" in problem(tmp_path, 'environment = ""\n')
    assert load({}, {**ENGLISH, "FORNY_ENVIRONMENT": ""}).environment == "production"


def test_urls_lose_their_last_slash_and_loopback_may_be_http() -> None:
    env = {"FORNY_AIIA_BASE_URL": "http://127.0.0.1:8000/", "FORNY_RECONCILIATION_URL": "http://localhost:1/x//"}
    settings = load({}, env)
    assert settings.aiia_base_url == "http://127.0.0.1:8000"
    assert settings.reconciliation_url == "http://localhost:1/x"


def test_a_secret_in_the_file_must_be_a_reference(tmp_path: Path) -> None:
    text = problem(tmp_path, '[profiles.default]\naiia_client_secret = "hunter2"\n')
    assert "env:MY_NAME" in text and "hunter2" not in text
    text = problem(tmp_path, 'smtp_url = "smtp://u:hunter2@mail.example.com"\n')
    assert "hunter2" not in text and "keyring:NAME" in text


def test_references_are_followed_when_they_are_needed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    env = written(tmp_path, 'aiia_client_secret = "env:OUR_SECRET"\nreconciliation_token = "file:token"\n')
    settings = load({}, env)
    assert settings.aiia_client_secret is not None and settings.reconciliation_token is not None
    with pytest.raises(ConfigError, match=r"aiia_client_secret refers to env:OUR_SECRET"):
        settings.aiia_client_secret.reveal()
    assert settings.reconciliation_token.reveal() == "from-file"
    settings = load({}, {**env, "OUR_SECRET": "from-env"})
    assert settings.aiia_client_secret is not None and settings.aiia_client_secret.reveal() == "from-env"
    assert "from-env" not in repr(settings) and as_text(settings, "aiia_client_secret") == "env:OUR_SECRET"


def test_a_missing_secret_file_and_keyring_are_sentences(tmp_path: Path) -> None:
    settings = load({}, written(tmp_path, 'token_key = "file:none"\nreconciliation_token = "keyring:x"\n'))
    assert settings.token_key is not None and settings.reconciliation_token is not None
    with pytest.raises(ConfigError, match="token_key: the file"):
        settings.token_key.reveal()
    with pytest.raises(ConfigError, match="keyring"):
        settings.reconciliation_token.reveal()


def test_a_plain_secret_is_taken_from_its_own_variable_and_never_shown() -> None:
    settings = load({}, {"FORNY_AIIA_CLIENT_SECRET": "hunter2"})
    assert isinstance(settings.aiia_client_secret, Secret)
    assert settings.aiia_client_secret.reveal() == "hunter2"
    assert as_text(settings, "aiia_client_secret") == "env:FORNY_AIIA_CLIENT_SECRET"
    assert "hunter2" not in repr(settings)


def test_the_password_of_a_mail_server_is_not_shown() -> None:
    settings = load({}, {"FORNY_SMTP_URL": "smtp://user:hunter2@mail.example.com:587"})
    assert "hunter2" in settings.smtp_url
    assert as_text(settings, "smtp_url") == "smtp://user:…@mail.example.com:587"


def test_relative_store_is_beside_the_file_or_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etc").mkdir()
    assert load({}, written(tmp_path / "etc", 'store = "fleet.db"\n')).store == tmp_path / "etc" / "fleet.db"
    assert load({}, {"FORNY_STORE": "fleet.db"}).store == tmp_path / "fleet.db"
    assert load({}, {"FORNY_STORE": f"sqlite://{tmp_path}/a.db"}).store == tmp_path / "a.db"


def test_a_databases_address_is_shown_without_its_password(tmp_path: Path) -> None:
    for address in (
        "postgresql://eva:hunter2@db.example.com:5433/forny?sslmode=verify-full",
        "postgres://eva@db.example.com:5433/forny?password=hunter2",
    ):
        settings = load({}, {"FORNY_STORE": address})
        assert isinstance(settings.store, Secret) and settings.store.reveal() == address
        assert as_text(settings, "store") == "postgresql://eva@db.example.com:5433/forny"
        assert "hunter2" not in repr(settings)
        text = problem(tmp_path, f'store = "{address}"\n')
        assert "env:NAME" in text and "hunter2" not in text
    assert as_text(load({}, written(tmp_path, 'store = "env:DB"\n')), "store") == "env:DB"


def test_configured_means_that_somebody_named_a_store_or_a_service(tmp_path: Path) -> None:
    assert not read({}, {**ENGLISH, "FORNY_OPERATOR": "x", "FORNY_LANGUAGE": "da"}).configured
    assert read({}, {"FORNY_STORE": "x.db"}).configured
    assert read({}, written(tmp_path, '[profiles.p]\naiia_base_url = "https://a.dk"\n')).configured


def test_several_problems_are_counted_and_listed(tmp_path: Path) -> None:
    env = written(tmp_path, 'stor = "x"\nlanguage = "fr"\n')
    assert len(read({}, env).problems) == 2
    with pytest.raises(ConfigError, match=r"and 1 more: `forny config validate`"):
        load({}, env)


def test_an_unknown_variable_only_warns() -> None:
    loaded = read({}, {**ENGLISH, "FORNY_AIIA_URL": "x"})
    assert not loaded.problems
    assert "FORNY_AIIA_URL" in loaded.warnings[0] and "FORNY_AIIA_BASE_URL" in loaded.warnings[0]


def test_require_names_setting_variable_and_file() -> None:
    with pytest.raises(ConfigError, match=r"smtp_url is not set\. Set FORNY_SMTP_URL, or smtp_url in profile default"):
        require(Settings(), SAY, "store", "smtp_url")


@pytest.mark.parametrize(
    ("env", "language"),
    [
        ({"FORNY_LANGUAGE": "da"}, "da"),
        ({"LANG": "da_DK.UTF-8"}, "da"),
        ({"LANG": "da_DK.UTF-8", "FORNY_LANGUAGE": "en"}, "en"),
        ({"LC_ALL": "C", "LANG": "da_DK"}, "en"),
        ({}, "en"),
    ],
)
def test_language(env: dict[str, str], language: str) -> None:
    assert pick_language(env) == language


def test_the_sentence_is_danish_for_a_dane() -> None:
    with pytest.raises(ConfigError, match="kan ikke bruges"):
        load({}, {"LANG": "da_DK.UTF-8", "FORNY_FETCH_EVERY": "snart"})


def test_every_setting_is_in_the_schema_with_words_in_both_languages() -> None:
    for language in ("da", "en"):
        found = schema(texts_in(language))
        assert json.loads(json.dumps(found)) == found
        properties = found["properties"]
        assert isinstance(properties, dict)
        assert set(KINDS) <= set(properties)
