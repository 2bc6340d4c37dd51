"""Changes of a push by hash, leaks of tokens and local paths, and the waits that the Hub requests."""

import pytest
from hub_repos import Blob
from leaks import FORMS, KEY

from lethebench.errors import UserError
from lethebench.hub.diff import compare, refuse_leaks
from lethebench.hub.repository import RemoteFile
from lethebench.hub.retry import requested_wait


def remote(content: bytes, *, lfs: bool) -> RemoteFile:
    blob = Blob(content, lfs)
    return RemoteFile(blob.size, blob.oid, blob.sha256 if lfs else None)


@pytest.mark.parametrize("lfs", [False, True])
def test_files_are_compared_by_hash(lfs, tmp_path):
    (tmp_path / "same").write_bytes(b"12345")
    ours = {"same": tmp_path / "same", "other": b"12345", "new": b"", "README.md": b"b\nc\n"}
    there = {
        "same": remote(b"12345", lfs=lfs),
        "other": remote(b"12346", lfs=lfs),
        "README.md": remote(b"a\n", lfs=False),
    }
    there |= {"old": remote(b"x", lfs=lfs), "mine": remote(b"y", lfs=lfs)}
    plan = compare(ours, there, ["old", "same", "never"], "a\nb\n")
    assert plan.unchanged == ("same",)
    assert plan.changed == ("README.md", "other")
    assert plan.added == ("new",)
    assert plan.deleted == ("old",)
    assert [line for line in plan.diff if line[:1] in "+-"][2:] == ["-a", "+c"]
    assert "3 added" not in plan.render()
    assert plan.render().startswith("+ new\n~ README.md\n~ other\n- old\n1 added, 2 changed, 1 deleted, 1 unchanged")


@pytest.mark.parametrize(
    ("name", "content", "leak"),
    [
        ("config.json", b'{"base": "/data/models/x"}', "the path /data"),
        ("README.md", b"see file:///data/x", "the path /data"),
        ("README.md", b"see https://host/data and /database", ""),
        ("README.md", b"export HF_TOKEN=hf_secret", "the token"),
        ("a.parquet", b"\0hf_secret\0", "the token"),
        ("a.parquet", b"\0 /data/\0", ""),
    ],
)
@pytest.mark.parametrize("as_file", [False, True])
def test_leaks_are_refused(name, content, leak, as_file, tmp_path):
    (tmp_path / name).write_bytes(content)
    files = {name: tmp_path / name if as_file else content}
    if leak:
        with pytest.raises(UserError, match=f"{name} holds {leak}, which would be published"):
            refuse_leaks(files, "hf_secret", ["/data"])
    else:
        refuse_leaks(files, "hf_secret", ["/data"])


WHOLE = ("plain", "reversed", "base64", "base64 of Bearer", "base64 for URLs", "hexadecimal")
"""Forms that are found in files that are not text, too."""


@pytest.mark.parametrize("form", FORMS)
def test_secret_in_any_encoding_is_refused(form, tmp_path, monkeypatch):
    content = b'{"name": "' + FORMS[form](KEY).encode() + b'"}'
    (tmp_path / "rows.parquet").write_bytes(b"\0\xff" + content)
    for files in ({"config.json": content}, {"rows.parquet": tmp_path / "rows.parquet"} if form in WHOLE else {}):
        for name in files:
            with pytest.raises(UserError, match=f"{name} holds the token"):
                refuse_leaks(files, KEY, [])
            refuse_leaks(files, None, [])
            with monkeypatch.context() as patch:
                patch.setenv("OPENAI_API_KEY", KEY)
                with pytest.raises(UserError, match=f"{name} holds the value of OPENAI_API_KEY") as caught:
                    refuse_leaks(files, "hf_another_token", [])
            assert KEY not in str(caught.value)


def test_placeholder_keys_are_published(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "EMPTY")
    refuse_leaks({"README.md": b"", "a.md": b"EMPTY"}, None, [])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"ratelimit": '"api";r=0;t=55'}, 55),
        ({"ratelimit": '"api";r=3;t=55'}, None),
        ({}, None),
    ],
)
def test_requested_wait_of_headers(headers, seconds):
    assert requested_wait(headers) == seconds
