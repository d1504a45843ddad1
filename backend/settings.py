"""Where settings come from: flags over `FORNY_*` variables over a profile of config.toml over defaults (DESIGN §8)."""

import getpass
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path

from backend.config import ConfigError, Secret, Settings
from backend.model.text import clean
from backend.references import SCHEMES, is_reference
from backend.setting_values import KINDS, PREFIX, PROVIDERS, READERS, Reading, WrongError
from backend.texts import LANGUAGES, Say, texts_in

OTHER_VARIABLES = frozenset({"FORNY_ASCII", "FORNY_CONFIG", "FORNY_PROFILE", "FORNY_THEME", "FORNY_WHOLE_FRAMES"})
RIGHTS = ("roles", "read_only", "second_pair_from")
GUARDS = (
    "environment",
    *RIGHTS,
    *("audit_anchor", "clock", "undo_window", "allowance", "allowance_reserve"),
)
"""What the file says of these holds: who runs a command can set its variables and flags, and must not free himself."""

MAX_CONFIG_BYTES = 1_000_000

_ABOUT_A_SERVICE = frozenset(KINDS) - {
    *GUARDS,
    "operator",
    "language",
    "customer_language",
    "reminders",
    "mail_from",
    "listen",
    "public_url",
    "provider",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings with where each came from, what was wrong with them, and what only deserves a warning."""

    settings: Settings
    path: Path
    exists: bool
    profiles: tuple[str, ...]
    origins: dict[str, str]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def configured(self) -> bool:
        """Somebody has said which store or which services to use."""
        return any(self.origins[name] != "default" for name in _ABOUT_A_SERVICE)


def config_path(env: Mapping[str, str], given: str | None = None) -> Path:
    """The configuration file: the flag, else FORNY_CONFIG, else config.toml in the platform's directory."""
    if chosen := given or env.get("FORNY_CONFIG"):
        return Path(chosen).expanduser()
    from platformdirs import user_config_path

    return user_config_path("forny", appauthor=False) / "config.toml"


def pick_language(env: Mapping[str, str], given: str | None = None) -> str:
    """`da` or `en`: what was asked for, else what the locale says, else English."""
    asked = (given or env.get("FORNY_LANGUAGE") or "").strip().lower()
    if asked[:2] in LANGUAGES:
        return asked[:2]
    locale = env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    return "da" if locale.lower().startswith("da") else "en"


def load(
    flags: Mapping[str, str], env: Mapping[str, str], *, config: str | None = None, profile: str | None = None
) -> Settings:
    """The settings of one profile. Raises ConfigError with the first thing that is wrong, and what to do."""
    loaded = read(flags, env, config=config, profile=profile)
    if loaded.problems:
        more = len(loaded.problems) - 1
        say = texts_in(pick_language(env, flags.get("language")))
        raise ConfigError(loaded.problems[0] + (say("config.more", count=more) if more else ""))
    return loaded.settings


def read(
    flags: Mapping[str, str], env: Mapping[str, str], *, config: str | None = None, profile: str | None = None
) -> Loaded:
    """Like `load`, but everything that is wrong is listed instead of raised. Secrets stay references."""
    say = texts_in(pick_language(env, flags.get("language")))
    path = config_path(env, config)
    reading = Reading(say, path, env)
    document, exists = _document(reading, must_exist=bool(config or env.get("FORNY_CONFIG")))
    shared, profiles = _split(reading, document)
    name = _profile(reading, document, profiles, profile or env.get("FORNY_PROFILE"))
    chosen = profiles.get(name, {})
    _unknown(reading, chosen, name)
    for variable in sorted(env):
        if variable.startswith(PREFIX) and variable not in OTHER_VARIABLES:
            _unknown_variable(reading, variable)
    values: dict[str, object] = {}
    origins = dict.fromkeys(KINDS, "default")
    for key, kind in KINDS.items():
        found = _find(key, flags, env, chosen, shared, name)
        if found is None:
            continue
        raw, origin, line_key = found
        try:
            values[key] = READERS[kind](reading, key, raw, origin in ("file", "shared"))
            origins[key] = _origin(reading, key, origin, name)
            if key in GUARDS and origin in ("flag", "variable"):
                _guard(reading, key, values[key], chosen.get(key, shared.get(key)))
        except WrongError as wrong:
            where = _where(reading, key, origin, line_key)
            reading.problems.append(say("config.wrong", where=where, setting=key, what=wrong))
    _secrets_in_the_clear(reading, origins, chosen, shared, name)
    settings = replace(Settings(profile=name, store=_default_store(name)), **values)  # type: ignore[arg-type]
    if settings.clock and settings.production and (chosen or shared):
        reading.wrong("config.clock_in_production", path=path)
    if origins["store"] in ("--store", f"{PREFIX}STORE") and (profile or env.get("FORNY_PROFILE")):
        _same_rights(reading, name, {one: {**shared, **table} for one, table in profiles.items()})
    if settings.allowance_reserve >= settings.allowance:
        reading.wrong("config.reserve", reserve=settings.allowance_reserve, allowed=settings.allowance)
    if not settings.operator:
        settings = replace(settings, operator=_login_name())
    return Loaded(
        settings=settings,
        path=path,
        exists=exists,
        profiles=tuple(profiles),
        origins=origins,
        problems=tuple(reading.problems),
        warnings=tuple(reading.warnings),
    )


def _guard(reading: Reading, key: str, value: object, standing: object) -> None:
    """Raise WrongError when the file says otherwise. A profile may always be made read-only for once."""
    if standing is None or (key == "read_only" and value is True):
        return
    if value != READERS[KINDS[key]](reading, key, standing, True):
        raise WrongError(reading.say("config.guarded", standing=clean(str(standing).lower(), 60)))


def _same_rights(reading: Reading, name: str, profiles: Mapping[str, Mapping[str, object]]) -> None:
    """Who chooses both store and profile outside the file would have any store under any profile's rights."""
    mine = profiles.get(name, {})
    for other, theirs in profiles.items():
        if any(key in theirs and theirs[key] != mine.get(key) for key in RIGHTS):
            reading.wrong("config.store_outside", path=reading.path, name=name, other=other)
            return


def require(settings: Settings, say: Say, *names: str) -> None:
    """Raise ConfigError naming the first of these settings that is missing, and the two ways to set it."""
    for name in names:
        if not getattr(settings, name):
            raise ConfigError(
                say("config.missing", setting=name, variable=PREFIX + name.upper(), profile=settings.profile)
            )


def as_text(settings: Settings, name: str) -> str:
    """One setting as it may be shown: secrets as their reference only, passwords in URLs as dots."""
    value = getattr(settings, name)
    if isinstance(value, Secret):
        return value.reference
    if KINDS.get(name) == "smtp" and not is_reference(str(value)):
        return re.sub(r"//([^/@]*?)(:[^/@]*)?@", r"//\1:…@", str(value))
    return str(value)


def _document(reading: Reading, *, must_exist: bool) -> tuple[dict[str, object], bool]:
    try:
        with reading.path.open("rb") as file:
            raw = file.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        if must_exist:
            reading.wrong("config.no_file", path=reading.path)
        return {}, False
    except OSError as error:
        reading.wrong("config.unreadable", path=reading.path, why=error.strerror)
        return {}, True
    try:
        text = raw.decode("utf-8-sig")
        reading.lines = text.splitlines()
        return tomllib.loads(text), True
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reading.wrong("config.syntax", path=reading.path, why=clean(error, 200))
        return {}, True


def _split(reading: Reading, document: dict[str, object]) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
    """The keys that all profiles share, and the profiles."""
    shared = {key: value for key, value in document.items() if key not in ("profiles", "profile")}
    _unknown(reading, shared, None)
    tables = document.get("profiles", {})
    if not isinstance(tables, dict):
        reading.wrong("config.profiles_shape", path=reading.path)
        return shared, {}
    profiles: dict[str, dict[str, object]] = {}
    for name, table in tables.items():
        if isinstance(table, dict):
            profiles[clean(name, 60)] = table
        else:
            reading.wrong("config.profiles_shape", path=reading.path)
    return shared, profiles


def _profile(
    reading: Reading, document: dict[str, object], profiles: dict[str, dict[str, object]], asked: str | None
) -> str:
    asked = asked or (clean(document["profile"], 60) if "profile" in document else None)
    if asked:
        if asked not in profiles and (profiles or asked != "default"):
            known = ", ".join(profiles) or "-"
            reading.wrong("config.no_profile", name=clean(asked, 60), path=reading.path, known=known)
        return asked
    if "default" in profiles or not profiles:
        return "default"
    if len(profiles) > 1:
        reading.wrong("config.which_profile", known=", ".join(profiles), first=next(iter(profiles)))
    return next(iter(profiles))


def _secrets_in_the_clear(
    reading: Reading,
    origins: Mapping[str, str],
    chosen: Mapping[str, object],
    shared: Mapping[str, object],
    profile: str,
) -> None:
    """A secret in the file is one too many even while a variable overrides it: the file may be shared (DESIGN §8)."""
    for key in (key for key, kind in KINDS.items() if kind == "secret" and origins[key].startswith(PREFIX)):
        for table, section in ((chosen, f"profiles.{profile}"), (shared, None)):
            value = table.get(key)
            if isinstance(value, str) and not is_reference(value):
                try:
                    READERS["secret"](reading, key, value, True)
                except WrongError as wrong:
                    where = _at(reading, _line(reading, key, section))
                    reading.problems.append(reading.say("config.wrong", where=where, setting=key, what=wrong))


def _unknown(reading: Reading, table: Mapping[str, object], profile: str | None) -> None:
    for key in table:
        if key in KINDS:
            continue
        section = f"profiles.{profile}" if profile else None
        where = _at(reading, _line(reading, key, section))
        reading.wrong("config.unknown", where=where, setting=clean(key, 60), hint=_nearest(reading, key, KINDS))


def _unknown_variable(reading: Reading, variable: str) -> None:
    key = variable.removeprefix(PREFIX).lower()
    if key not in KINDS:
        known = [PREFIX + name.upper() for name in KINDS]
        hint = _nearest(reading, variable, known)
        reading.warnings.append(reading.say("config.unknown_variable", setting=clean(variable, 60), hint=hint))


def _nearest(reading: Reading, key: str, known: Mapping[str, str] | list[str]) -> str:
    near = get_close_matches(key, list(known), n=1)
    return reading.say("config.near", setting=near[0]) if near else ""


def _find(
    key: str,
    flags: Mapping[str, str],
    env: Mapping[str, str],
    chosen: Mapping[str, object],
    shared: Mapping[str, object],
    profile: str,
) -> tuple[object, str, str | None] | None:
    """The value that wins, its kind of origin, and the section of the file it stands in."""
    if flags.get(key):
        return flags[key], "flag", None
    if env.get(PREFIX + key.upper()):
        return env[PREFIX + key.upper()], "variable", None
    if key in chosen:
        return chosen[key], "file", f"profiles.{profile}"
    if key in shared:
        return shared[key], "shared", None
    return None


def _origin(reading: Reading, key: str, origin: str, profile: str) -> str:
    if origin == "flag":
        return f"--{key.replace('_', '-')}"
    if origin == "variable":
        return PREFIX + key.upper()
    return f"{reading.path.name} [profiles.{profile}]" if origin == "file" else reading.path.name


def _where(reading: Reading, key: str, origin: str, section: str | None) -> str:
    if origin in ("flag", "variable"):
        return _origin(reading, key, origin, "")
    return _at(reading, _line(reading, key, section))


def _at(reading: Reading, line: int | None) -> str:
    return reading.say("config.at", path=reading.path, line=line) if line else str(reading.path)


def _line(reading: Reading, key: str, section: str | None) -> int | None:
    """The line where the key stands, found by reading the text again: the TOML reader does not say."""
    current: str | None = None
    wanted = re.compile(rf'\s*"?{re.escape(key)}"?\s*[=.]')
    for number, line in enumerate(reading.lines, 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            current = header[1].replace('"', "").replace(" ", "")
            if section is None and current == key:
                return number
        elif current == section and wanted.match(line):
            return number
    return None


def _default_store(profile: str) -> Path:
    from platformdirs import user_data_path

    name = re.sub(r"[^\w.-]", "_", profile)
    return user_data_path("forny", appauthor=False) / f"{name}.db"


def _login_name() -> str:
    try:
        return clean(getpass.getuser(), 60)
    except (KeyError, OSError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def schema(say: Say) -> dict[str, object]:
    """The configuration file as a JSON Schema (draft 2020-12), for editors."""
    properties: dict[str, object] = {}
    for setting in fields(Settings):
        if (kind := KINDS.get(setting.name)) is None:
            continue
        entry: dict[str, object] = {"description": say(f"setting.{setting.name}"), "type": "string"}
        if kind == "duration":
            entry["type"] = ["string", "integer"]
        elif kind == "count":
            entry["type"] = "integer"
        elif kind == "flag":
            entry["type"] = "boolean"
        elif kind == "secret":
            entry["pattern"] = f"^({'|'.join(SCHEMES)}):.+"
        elif kind == "language":
            entry["enum"] = list(LANGUAGES)
        elif kind == "provider":
            entry["enum"] = list(PROVIDERS)
        properties[setting.name] = entry
    profile = {"type": "object", "properties": properties, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "forny config.toml",
        "type": "object",
        "properties": {
            **properties,
            "profile": {"type": "string"},
            "profiles": {"type": "object", "additionalProperties": profile},
        },
        "additionalProperties": False,
    }
