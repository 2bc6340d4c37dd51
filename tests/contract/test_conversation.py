"""Conversations of rows, and modules that start without torch."""

import base64
import subprocess
import sys

from baselines_support import rows

from lethebench.builders.write.columns import QA
from lethebench.contract.columns import QUESTION_COLUMNS
from lethebench.contract.conversation import api_messages, chat_messages, conversation


def test_conversation_is_the_messages_in_two_parts():
    for row in rows()[:2]:
        parts = conversation(row)
        assert parts["prompt"] + parts["completion"] == chat_messages(
            row["question"], len(row["images"]), row["answer"]
        )
        assert parts["prompt"] == chat_messages(row["question"], len(row["images"]))
        assert parts["images"] is row["images"]


def test_pictures_come_before_the_question():
    (message,) = chat_messages("Why?", 2)
    assert message == {"role": "user", "content": [{"type": "image"}] * 2 + [{"type": "text", "text": "Why?"}]}


def test_api_messages_carry_the_picture_bytes():
    row = rows()[0]
    ((image, text),) = (message["content"] for message in api_messages(row["question"], row["images"]))
    assert base64.b64decode(image["image_url"]["url"].partition(",")[2]) == row["images"][0]["bytes"]
    assert text == {"type": "text", "text": row["question"]}


def test_question_columns_are_those_of_a_build():
    assert list(QUESTION_COLUMNS) == list(QA)


def test_contract_starts_without_torch():
    code = (
        "import sys, lethebench.contract.columns, lethebench.contract.conversation, lethebench.contract.images; "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
