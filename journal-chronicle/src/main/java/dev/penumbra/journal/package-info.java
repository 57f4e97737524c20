/**
 * Journals: append-only files of committed changes that any process can read, resume and check.
 *
 * <p>A source writes one current journal through {@link dev.penumbra.journal.JournalWriter}; readers in any process follow
 * it through {@link dev.penumbra.journal.JournalReader}. {@link dev.penumbra.journal.DualJournal} keeps future journals
 * beside the current one. The byte layout is drawn in {@code docs/journal-format.md}.
 */
@NullMarked
package dev.penumbra.journal;

import org.jspecify.annotations.NullMarked;
