package dev.penumbra.ignite;

import dev.penumbra.journal.UncommittedChanges;
import org.jspecify.annotations.Nullable;

/** The way to a journal's writer over files in the journal's directory. */
final class FileListings implements Journal.Listings {
    private final UncommittedChanges changes;
    /** What is waited for; 0 for nothing. */
    private long question;

    FileListings(UncommittedChanges changes) {
        this.changes = changes;
    }

    @Override
    public void ask() {
        question = changes.ask();
    }

    @Override
    public UncommittedChanges.@Nullable Listing listed() {
        UncommittedChanges.Listing listing =
                question == 0 ? null : changes.listed(question).orElse(null);
        if (listing != null) {
            question = 0;
        }
        return listing;
    }

    @Override
    public void close() {
        changes.close();
    }
}
