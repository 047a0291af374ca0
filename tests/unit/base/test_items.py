from __future__ import annotations

from salon.base.items import InputAudio, InputImage, InputText, MessageItem, OutputAudio, OutputText


def test_the_text_of_an_item_is_all_that_was_said() -> None:
    item = MessageItem(
        id="item_1",
        role="user",
        content=(InputText("Look: "), InputImage("data:image/png;base64,"), InputAudio("what is it?")),
    )
    assert item.text == "Look: what is it?"


def test_audio_that_is_not_transcribed_yet_says_nothing() -> None:
    item = MessageItem(id="item_1", role="user", content=(InputAudio(audio=b"\0\0"), InputText("!")))
    assert item.text == "!"


def test_an_answer_spoken_and_written() -> None:
    item = MessageItem(id="item_1", role="assistant", content=(OutputText("One. "), OutputAudio("Two.")))
    assert item.text == "One. Two."
