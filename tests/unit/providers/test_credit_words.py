"""Which messages say that there are no credits."""

import pytest
from ringback.providers.credit_words import says_no_credits


@pytest.mark.parametrize(
    "message",
    [
        "Credits insufficient",
        " credits insufficient. ",
        "Insufficient credits",
        "Insufficient Credits: Account does not have enough credits to perform the operation",
        "The current credits are insufficient. Please top up.",
        "Your current balance isn't enough to run this request. Please top up to continue.",
        "Your account balance is not enough",
        "You have no credits left",
        "余额不足",
        "积分不足，请充值",
        "您的蝉豆余额不足",
        "账户余额不足，请先充值后再进行操作，谢谢您的理解与支持，如有疑问请联系客服",
    ],
)
def test_an_account_without_credits_is_named(message: str) -> None:
    assert says_no_credits(message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Server exception",
        "no credit card on this picture, please",
        "credits",
        "Your prompt was refused: 'insufficient credits' is a sensitive phrase",
        '参数错误：ref_prompt 不符合要求，请检查后重试："一只写着余额不足的风筝"',
        "The balance of colours is insufficient",
        "x" * 100_000 + "credits insufficient",
        "no " * 50_000,
        "the " * 50_000,
    ],
)
def test_other_messages_do_not(message: str) -> None:
    assert not says_no_credits(message)
