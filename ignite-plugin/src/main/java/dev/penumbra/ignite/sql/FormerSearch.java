package dev.penumbra.ignite.sql;

import dev.penumbra.ignite.sql.Copies.Archive;
import dev.penumbra.ignite.sql.NameRouter.Chooser;
import dev.penumbra.ignite.sql.NameRouter.KnownTables;
import dev.penumbra.ignite.sql.NameRouter.Need;
import dev.penumbra.ignite.sql.Routing.Answer;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.coverage.CoveredRows;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.ReadGate.Choice;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The search for the shadows that answer as they were, and for the positions that are meant.
 *
 * <p>A time is the position before the first transaction that was committed later, of all tables of a source that are read as of it. What is
 * archived comes in no order, and before it is applied; so the first change is only believed when everything before it had been applied before it was looked for. Owned
 * by one thread.
 */
final class FormerSearch {
    /** So often a position is found anew, because it was not applied when it was looked for. */
    private static final int LOOKS = 8;

    private final Copies copies;
    private final KnownTables tables;
    private final @Nullable Datacenter local;
    private final @Nullable NamedText text;
    private final Chooser chooser;
    private final List<Sought> sought = new ArrayList<>();

    /** One table as of one moment. */
    private static final class Sought {
        private final TableUse use;
        private final Datacenter there;
        private final Copy shadow;
        private final Archive archive;
        private final AsOf.@Nullable Moment moment;
        private Answer answer;

        Sought(
                TableUse use,
                Datacenter there,
                Copy shadow,
                Archive archive,
                AsOf.@Nullable Moment moment,
                Answer answer) {
            this.use = use;
            this.there = there;
            this.shadow = shadow;
            this.archive = archive;
            this.moment = moment;
            this.answer = answer;
        }
    }

    private record Group(String source, AsOf.Moment moment) {}

    /**
     * @param local the datacenter of this node; null when it is in none
     * @param text the text in which the tables stand; null when they stand in none
     */
    FormerSearch(
            Copies copies, KnownTables tables, @Nullable Datacenter local, @Nullable NamedText text, Chooser chooser) {
        this.copies = copies;
        this.tables = tables;
        this.local = local;
        this.text = text;
        this.chooser = chooser;
    }

    /**
     * Adds a table.
     *
     * @param moment null when it is not known, because the text is only looked at
     * @throws PenumbraException when there is no shadow that keeps what was and may answer
     */
    void add(TableUse use, Need need, AsOf.@Nullable Moment moment) {
        Datacenter there = use.schema().equals(CopyNames.ANY)
                ? local
                : CopyNames.datacenter(use.schema()).orElse(null);
        if (there == null) {
            throw refused(use, ErrorCode.NO_ARCHIVE);
        }
        Copy shadow = copies.shadow(there, use.table()).orElse(null);
        Archive archive = copies.archive(there, use.table()).orElse(null);
        if (shadow == null || archive == null) {
            throw refused(use, ErrorCode.NO_ARCHIVE);
        }
        if (shadow.phase() != Phase.READY) {
            throw refused(use, shadow.phase() == Phase.LOADING ? ErrorCode.COPY_LOADING : ErrorCode.COPY_RELEASED)
                    .with("applied", shadow.applied());
        }
        CoveredRows covered = shadow.covered();
        if (covered != null && !need.isWithin(covered)) {
            throw refused(use, ErrorCode.OUTSIDE_COVERAGE).with("coverage", covered);
        }
        if (!tables.has(there.archiveSchema(), use.table())) {
            throw refused(use, ErrorCode.COPY_LOADING).with("applied", shadow.applied());
        }
        Answer answer = new Answer(
                use.schema() + "." + use.table(),
                CopyNames.of(there),
                use.table(),
                Reads.Source.ARCHIVE,
                "",
                null,
                null,
                Consistency.eventual(),
                use.table(),
                new Archived(there.archiveSchema(), use.table(), archive.columns(), Position.START, null),
                null);
        sought.add(new Sought(use, there, shadow, archive, moment, answer));
    }

    /**
     * Finds the moments of all that has been added.
     *
     * @return one answer for each, in the order in which they were added
     * @throws PenumbraException when a moment is not kept, or nothing proves in time that it is all there
     */
    List<Answer> answers() {
        Map<Group, List<Sought>> groups = new LinkedHashMap<>();
        try {
            for (Sought table : sought) {
                AsOf.Moment moment = table.moment;
                Choice choice = choose(table, Consistency.eventual());
                // Without a choice the text is only looked at.
                if (choice != null) {
                    table.answer = table.answer.with(choice);
                    if (moment == null) {
                        throw refused(table.use, ErrorCode.SQL_SYNTAX).with("expected", "a value for AS OF ?");
                    }
                    groups.computeIfAbsent(new Group(table.shadow.feed().source(), moment), key -> new ArrayList<>())
                            .add(table);
                }
            }
            groups.forEach(this::find);
        } catch (RuntimeException | Error e) {
            chooser.ended(sought.stream().map(table -> table.answer).toList());
            throw e;
        }
        return sought.stream().map(table -> table.answer).toList();
    }

    private void find(Group group, List<Sought> same) {
        Instant time = group.moment().time();
        Position at = time == null ? positionOf(group, same) : positionOf(time, same);
        for (Sought table : same) {
            Archive.Begin begin = table.archive.begin().orElse(null);
            if (begin == null
                    || at.compareTo(begin.position()) < 0
                    || (time != null && time.toEpochMilli() < begin.committedUpToMillis())) {
                throw refused(table.use, ErrorCode.ARCHIVE_MOMENT)
                        .with("asked", group.moment())
                        .with("from", begin == null ? "nowhere yet" : begin.position())
                        .with("fromTime", begin == null ? "nowhere yet" : begin.time())
                        .with("to", applied(List.of(table)));
            }
            String reason = "the archive of the shadow in datacenter " + table.there + " has all versions from "
                    + begin.position() + " on";
            table.answer = table.answer.as(
                    Objects.requireNonNull(table.answer.archived()).at(at, time),
                    time == null ? reason : reason + ", and " + time + " falls there");
        }
    }

    private Position positionOf(Group group, List<Sought> same) {
        Position at = Optional.ofNullable(group.moment().position()).orElseThrow();
        if (applied(same).compareTo(at) < 0) {
            same.forEach(table -> await(table, at));
        }
        if (applied(same).compareTo(at) < 0) {
            throw refused(same.get(0).use, ErrorCode.ARCHIVE_MOMENT)
                    .with("asked", at)
                    .with("to", applied(same));
        }
        return at;
    }

    private Position positionOf(Instant time, List<Sought> same) {
        for (int i = 0; i < LOOKS; i++) {
            Position applied = applied(same);
            Position found = before(time, same);
            if (found == null) {
                // Of what has been committed by now nothing may be missing.
                same.forEach(table -> await(table, null));
                applied = applied(same);
                found = before(time, same);
                if (found == null) {
                    return applied;
                }
            }
            if (found.compareTo(applied) <= 0) {
                return found;
            }
            Position coming = found;
            same.forEach(table -> await(table, coming));
        }
        throw refused(same.get(0).use, ErrorCode.STALENESS).with("asked", time);
    }

    /** The position before the first change that is known to have been committed later; null when none is. */
    private static @Nullable Position before(Instant time, List<Sought> same) {
        return same.stream()
                .flatMap(table -> table.archive.firstAfter(time).stream())
                .min(Comparator.naturalOrder())
                // No change has the sequence 0: before the first of an epoch is what the epochs before have left.
                .map(first -> new Position(first.epoch(), first.sequence() - 1))
                .orElse(null);
    }

    /** The position up to which all of them are. */
    private Position applied(List<Sought> same) {
        return same.stream()
                .map(table -> copies.shadow(table.there, table.use.table())
                        .map(Copy::applied)
                        .orElse(Position.START))
                .min(Comparator.naturalOrder())
                .orElse(Position.START);
    }

    /** Waits until a shadow has come to a position; or, where none is given, has all that had been committed when the read began. */
    private void await(Sought table, @Nullable Position at) {
        UUID journal = table.shadow.journal();
        Choice proven = choose(
                table,
                at == null || journal == null
                        ? Consistency.bounded(Duration.ZERO)
                        : Consistency.session(
                                SessionToken.of(table.shadow.feed().source(), journal, at)));
        if (proven != null) {
            chooser.ended(List.of(table.answer.with(proven)));
        }
    }

    private @Nullable Choice choose(Sought table, Consistency asked) {
        try {
            return chooser.chooseAlone(table.use.table(), asked, table.shadow.candidate(false));
        } catch (PenumbraException e) {
            throw text == null ? e : Place.of(text.sql(), table.use.start()).in(e);
        }
    }

    private PenumbraException refused(TableUse use, ErrorCode code) {
        return text == null
                ? new PenumbraException(code).with("table", use.table())
                : NamedText.refusal(text.sql(), use, code);
    }
}
