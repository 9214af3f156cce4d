"""Passwords by bcrypt: made slow on purpose, so that whoever reads the table cannot try many."""

import secrets

import bcrypt

LONGEST_BYTES = 72
"""bcrypt looks at no more."""
SHORTEST = 12
"""As NIST SP 800-63B asks for where it is the only factor, less for those that are generated anyway."""
ROUNDS = 12
_NOBODYS = bcrypt.hashpw(secrets.token_bytes(24).hex().encode(), bcrypt.gensalt(ROUNDS)).decode()


def hash_of(password: str) -> str:
    """What is kept; raises ValueError, with a text for people, for a password that is too short or too long."""
    if len(password) < SHORTEST:
        raise ValueError(f"has to have at least {SHORTEST} characters")
    if len(password.encode()) > LONGEST_BYTES:
        raise ValueError(f"may have {LONGEST_BYTES} bytes at most")
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()


def is_password(password: str, kept: str | None) -> bool:
    """Whether it is the one; takes as long where there is no account (`kept` is None) as where it is wrong."""
    told = password.encode()
    fits = len(told) <= LONGEST_BYTES
    try:
        is_same = bcrypt.checkpw(told if fits else b"-", (kept or _NOBODYS).encode())
    except ValueError:  # what is kept is no hash, or the password holds a NUL
        return False
    return is_same and fits and kept is not None
