"""Parts that all pages share: layout, words, amounts and dates by locale, charts, browser files."""
