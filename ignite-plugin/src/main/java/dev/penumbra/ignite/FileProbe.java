package dev.penumbra.ignite;

import dev.penumbra.journal.JournalProbe;
import dev.penumbra.shadow.read.ProbeDesk;
import java.util.Optional;

/** The way to a journal's writer over a file in the journal's directory. */
record FileProbe(JournalProbe probe) implements Journal.Probe {
    @Override
    public long ask() {
        return probe.ask();
    }

    @Override
    public Optional<ProbeDesk.Said> said() {
        return probe.answer().map(answer -> new ProbeDesk.Said(answer.question(), answer.upTo()));
    }

    @Override
    public void close() {
        probe.close();
    }
}
