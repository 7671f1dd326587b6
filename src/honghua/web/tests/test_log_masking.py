"""Nothing personal comes out of a log, whoever wrote the line."""

from __future__ import annotations

import io
import logging

import pytest

from honghua.web.log_masking import install_masking


@pytest.fixture
def lines():
    out = io.StringIO()
    logger, handler = logging.getLogger("test.masking"), logging.StreamHandler(out)
    logger.addHandler(handler)
    logger.propagate = False
    assert install_masking(["test.masking"]) == 1
    assert install_masking(["test.masking"]) == 0
    yield logger, out
    logger.removeHandler(handler)


def test_texts_arguments_children_and_exceptions(lines):
    logger, out = lines
    logger.warning("sent to %s and %s", "13800001234", "li.lei@example.com")
    logging.getLogger("test.masking.library").error("GET /find?id=11010519491231002X")
    try:
        raise ValueError("card 6222020200012345678")
    except ValueError:
        logger.exception("it broke")
    told = out.getvalue()
    for secret in ("13800001234", "li.lei", "11010519491231002X", "6222020200012345678"):
        assert secret not in told
    assert "1380****34" in told
    assert "ValueError" in told
