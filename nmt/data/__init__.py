"""Text: readers, filters, SentencePiece, batches and the phrasebook. No Lightning."""
