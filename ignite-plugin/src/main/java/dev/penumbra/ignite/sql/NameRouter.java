package dev.penumbra.ignite.sql;

import dev.penumbra.ignite.sql.Copies.Archive;
import dev.penumbra.ignite.sql.Routing.Answer;
import dev.penumbra.ignite.sql.TableUse.Role;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.coverage.CoveredRows;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.Consistency.Level;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.ReadGate;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.ReadGate.Choice;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the copy that answers each name of a text, anew for every execution.
 *
 * <p>Safe for use by several threads. It never chooses a copy that is known to be incomplete.
 */
@Internal
public final class NameRouter {
    /** The tables that the engine of this node can plan a read of. */
    @FunctionalInterface
    public interface KnownTables {
        /** Whether there is such a table now; both names letter by letter. */
        boolean has(String schema, String table);
    }

    private final Copies copies;
    private final KnownTables tables;
    private final @Nullable Datacenter local;
    private final String localSchema;
    private final String localReason;

    /** @param local the datacenter of this node; null when it is in none, so that home images answer */
    public NameRouter(Copies copies, KnownTables tables, @Nullable Datacenter local) {
        this.copies = copies;
        this.tables = tables;
        this.local = local;
        this.localSchema = local == null ? "" : CopyNames.of(local);
        this.localReason = "the shadow in datacenter " + local + " is complete";
    }

    /**
     * Puts the names of the copies into the text that would be asked first, whatever they could prove: for what does not depend on
     * the rows.
     *
     * @throws PenumbraException when a name has no copy that may answer
     */
    public Routing name(NamedText text) {
        return route(text, new Object[0], use -> covered -> true, (table, asked, near, far) -> null);
    }

    /** What is needed of a table. */
    @FunctionalInterface
    public interface Need {
        /** Whether nothing is needed but rows that a part of the table is proven to hold. */
        boolean isWithin(CoveredRows covered);
    }

    /** The same for a text of whose parameters nothing is known. */
    public Routing route(NamedText text, Chooser chooser) {
        return route(text, new Object[0], chooser);
    }

    /**
     * Chooses the copies that are to answer and puts their names into the text.
     *
     * @param parameters the values of the text's dynamic parameters, as far as they are known
     * @throws PenumbraException when a name has no copy that may answer, or none can prove what was asked for
     */
    public Routing route(NamedText text, @Nullable Object[] parameters, Chooser chooser) {
        return route(text, parameters, use -> need(text, use, parameters), chooser);
    }

    /** One copy answers all uses of a name, so it must hold what any of them needs. */
    private static Need need(NamedText text, TableUse named, @Nullable Object[] parameters) {
        return covered -> {
            for (TableUse use : text.uses()) {
                if (use.role() == Role.READ && isSame(use, named) && !covered.containsAll(use.filter(), parameters)) {
                    return false;
                }
            }
            return true;
        };
    }

    private static boolean isSame(TableUse use, TableUse named) {
        return use.schema().equals(named.schema())
                && use.table().equals(named.table())
                && Objects.equals(moment(use), moment(named));
    }

    /** What tells a table as of one moment from the same as of another. */
    static @Nullable Object moment(TableUse use) {
        AsOf asOf = use.asOf();
        return asOf == null ? null : asOf.moment() == null ? (Object) asOf.parameter() : asOf.moment();
    }

    private record Named(
            String schema, String table, @Nullable Object moment) {
        static Named of(TableUse use) {
            return new Named(use.schema(), use.table(), NameRouter.moment(use));
        }
    }

    private Routing route(
            NamedText text, @Nullable Object[] parameters, Function<TableUse, Need> needs, Chooser chooser) {
        boolean together = isTogether(text, needs);
        FormerSearch former = new FormerSearch(copies, tables, local, text, chooser);
        Map<Named, @Nullable Answer> found = new LinkedHashMap<>();
        Map<Named, Answer> answers = new LinkedHashMap<>();
        try {
            for (TableUse use : text.uses()) {
                Named asked = Named.of(use);
                AsOf asOf = use.asOf();
                if (use.role() != Role.READ || found.containsKey(asked)) {
                    continue;
                }
                if (asOf == null) {
                    found.put(
                            asked,
                            new Search(text, text.consistency(), use, needs.apply(use), together, chooser).answer());
                } else {
                    former.add(use, needs.apply(use), asOf.moment(parameters));
                    found.put(asked, null);
                }
            }
            Iterator<Answer> was = former.answers().iterator();
            found.forEach((asked, answer) -> answers.put(asked, answer == null ? was.next() : answer));
        } catch (RuntimeException | Error e) {
            chooser.ended(found.values().stream().filter(Objects::nonNull).toList());
            throw e;
        }
        return new Routing(spliced(text, answers), List.copyOf(answers.values()));
    }

    /**
     * Whether a text that reads several tables, of one of which there is a shadow of a part here, finds all that it needs in this
     * datacenter. The engine cannot plan every join between tables of different datacenters, so that such a statement is answered at home,
     * as it would be without the part.
     */
    private boolean isTogether(NamedText text, Function<TableUse, Need> needs) {
        List<TableUse> read = text.uses().stream()
                .filter(use -> use.role() == Role.READ && use.asOf() == null)
                .toList();
        if (local == null || isOne(read)) {
            return true;
        }
        boolean partial = false;
        boolean here = true;
        for (TableUse use : read) {
            if (use.schema().equals(CopyNames.ANY)) {
                Optional<Copy> shadow = copies.shadow(local, use.table());
                CoveredRows covered = shadow.map(Copy::covered).orElse(null);
                partial |= covered != null;
                here &= shadow.isPresent()
                        && shadow.get().phase() == Phase.READY
                        && tables.has(CopyNames.of(local), use.table())
                        && (covered == null || needs.apply(use).isWithin(covered));
            } else {
                here &= use.schema().equals(CopyNames.of(local));
            }
        }
        return here || !partial;
    }

    private static boolean isOne(List<TableUse> read) {
        return read.isEmpty()
                || read.stream()
                        .allMatch(use -> use.schema().equals(read.get(0).schema())
                                && use.table().equals(read.get(0).table()));
    }

    /**
     * Chooses the copy of one table that is to answer.
     *
     * @param table the table's name in SQL, letter by letter
     * @param need what is read of it
     * @throws PenumbraException when there is no copy that may answer, or none can prove what was asked for
     */
    public Answer route(String table, Consistency asked, Need need, Chooser chooser) {
        TableUse use = new TableUse(0, Role.READ, CopyNames.ANY, table, 0, 0, 0, false);
        return new Search(null, asked, use, need, true, chooser).answer();
    }

    /**
     * Chooses the copy of one table that is to answer as it was.
     *
     * @param table the table's name in SQL, letter by letter
     * @param need what is read of it
     * @throws PenumbraException when this datacenter has no shadow that can
     */
    public Answer route(String table, AsOf.Moment moment, Need need, Chooser chooser) {
        TableUse use = new TableUse(0, Role.READ, CopyNames.ANY, table, 0, 0, 0, false);
        FormerSearch former = new FormerSearch(copies, tables, local, null, chooser);
        former.add(use, need, moment);
        return former.answers().get(0);
    }

    /**
     * Confirms, after the rows have been read, that the copy was the same whole one all the time.
     *
     * @throws PenumbraException with {@link ErrorCode#COPY_REPLACED} when it is not
     */
    public void confirm(Answer answer) {
        Choice choice = answer.choice();
        FeedName feed = choice == null ? null : choice.candidate().feed();
        boolean notOfCopy = feed == null
                && (copies.ownHome(answer.key()).isPresent()
                        || copies.home(answer.key()).isEmpty());
        if (choice == null || notOfCopy) {
            // The table itself, or one that there neither was nor is.
            return;
        }
        Optional<Copy> now = feed == null || choice.candidate().home()
                ? copies.home(answer.key())
                : copies.shadow(feed.datacenter(), answer.key());
        ReadGate.confirm(
                choice,
                now.isPresent() && now.get().isWhole()
                        ? List.of(now.get().candidate(choice.candidate().home()))
                        : List.of());
        Archived was = answer.archived();
        if (was != null && feed != null) {
            // What is forgotten is removed only when nobody who looks can find that it is kept.
            Optional<Position> begin = copies.archive(feed.datacenter(), answer.key())
                    .flatMap(Archive::begin)
                    .map(Archive.Begin::position);
            if (begin.isEmpty() || begin.get().compareTo(was.at()) > 0) {
                throw new PenumbraException(ErrorCode.ARCHIVE_MOMENT)
                        .with("copy", answer.copy())
                        .with("from", begin.map(Position::toString).orElse("nowhere yet"));
            }
        }
    }

    /** Chooses between the copies of one table. */
    @FunctionalInterface
    public interface Chooser {
        /**
         * Chooses.
         *
         * @param near the copy to be preferred
         * @param far others, called at most once and only where the near one will not do
         * @return null to take the near one without a choice
         */
        @Nullable Choice choose(String table, Consistency asked, Candidate near, Supplier<List<Candidate>> far);

        /**
         * Waits until a copy can prove what is asked for by itself.
         *
         * @return null to take it without that
         */
        default @Nullable Choice chooseAlone(String table, Consistency asked, Candidate only) {
            return choose(table, asked, only, List::of);
        }

        /** What was chosen has been read, or will not be. */
        default void ended(List<Answer> chosen) {}
    }

    /** A copy that could answer, and what there is to say of it. */
    private record Option(Candidate candidate, Answer answer) {}

    /** The search for the copy that answers one name. */
    private final class Search {
        private final @Nullable NamedText text;
        private final TableUse use;
        private final Need need;
        private final boolean together;
        private final Chooser chooser;
        private final boolean given;
        /** Volatile: found on whichever thread looks far away. */
        private volatile @Nullable Option away;

        private Consistency asked;

        /**
         * @param text the text in which the name stands; null when it stands in none
         * @param given what is asked for; null to ask for what the copy's own level is
         * @param together whether what the statement reads may be answered in this datacenter
         */
        Search(
                @Nullable NamedText text,
                @Nullable Consistency given,
                TableUse use,
                Need need,
                boolean together,
                Chooser chooser) {
            this.text = text;
            this.use = use;
            this.need = need;
            this.together = together;
            this.chooser = chooser;
            this.given = given != null;
            this.asked = given == null ? Consistency.eventual() : given;
        }

        Answer answer() {
            return switch (use.schema()) {
                case CopyNames.ANY -> any();
                case CopyNames.HOME -> home("the home image was named");
                default -> shadow();
            };
        }

        private Answer any() {
            if (local == null) {
                return home("this node is in no datacenter");
            }
            Optional<Copy> shadow = copies.shadow(local, use.table());
            if (shadow.isEmpty()) {
                return home("datacenter " + local + " has no shadow of this table");
            }
            askedOf(shadow.get());
            if (asked.level() == Level.PRIMARY) {
                return home("PRIMARY is answered at home");
            }
            if (asked.level() == Level.VALIDATED && shadow.get().table() != null) {
                return home("the table is Ignite's own, so that VALIDATED is answered by itself");
            }
            if (asked.level() == Level.VALIDATED && text != null && !text.onlyReads()) {
                return home("what VALIDATED finds wrong could not be taken back");
            }
            PenumbraException misfit = shadow.get().misfit();
            if (misfit != null) {
                return home("the coverage of the shadow in datacenter " + local + " does not fit its table any more: "
                        + misfit.getMessage());
            }
            if (shadow.get().phase() != Phase.READY) {
                return home("the shadow in datacenter " + local + " "
                        + hindrance(shadow.get().phase()));
            }
            CoveredRows covered = shadow.get().covered();
            if (covered != null && !need.isWithin(covered)) {
                return home("nothing proves that only rows are needed that the shadow in datacenter " + local
                        + " covers: " + covered);
            }
            // The catalogue and the engine learn of a shadow's coming and going at different moments.
            if (!tables.has(localSchema, use.table())) {
                return home("this node has not opened the shadow in datacenter " + local + " yet");
            }
            if (!together) {
                return home("the statement reads another table at home, and is not answered from two datacenters"
                        + " for the sake of a shadow of a part");
            }
            String reason = covered == null
                    ? localReason
                    : "the shadow in datacenter " + local + " covers all rows that are needed: " + covered;
            return chosen(
                    shadow(
                            localSchema,
                            asked.level() == Level.VALIDATED
                                    ? reason + "; what it gives is held against the home image"
                                    : reason,
                            shadow.get()),
                    () -> homeWhereItIs(
                            "the shadow in datacenter " + local + " could not prove in time what was asked for"));
        }

        /** A shadow's own level is asked for where the statement says none. */
        private void askedOf(Copy copy) {
            if (!given) {
                asked = copy.consistency();
            }
        }

        private static String hindrance(Phase phase) {
            return switch (phase) {
                case EXPIRED -> "has expired";
                case DISPLACED -> "had to make room for others";
                case LOADING, READY -> "is still loading";
            };
        }

        private List<Candidate> homeWhereItIs(String reason) {
            Optional<Option> home = homeOption(reason);
            away = home.orElse(null);
            return home.stream().map(Option::candidate).toList();
        }

        private Answer shadow() {
            Optional<Copy> shadow =
                    CopyNames.datacenter(use.schema()).flatMap(there -> copies.shadow(there, use.table()));
            if (shadow.isEmpty()) {
                throw refused(ErrorCode.SHADOW_NOT_FOUND);
            }
            askedOf(shadow.get());
            if (asked.level() == Level.PRIMARY) {
                throw refused(ErrorCode.NOT_SUPPORTED)
                        .with("clause", "PRIMARY")
                        .with("reason", "a shadow is not at home: read SHADOW or HOME");
            }
            if (asked.level() == Level.VALIDATED
                    && (shadow.get().table() != null || (text != null && !text.onlyReads()))) {
                throw refused(ErrorCode.NOT_SUPPORTED)
                        .with("clause", "VALIDATED")
                        .with("reason", "only queries of H2 and Derby tables can be validated: read SHADOW or HOME");
            }
            PenumbraException misfit = shadow.get().misfit();
            if (misfit != null) {
                throw refused(ErrorCode.COVERAGE_UNFIT).with("reason", misfit.getMessage());
            }
            if (shadow.get().phase() != Phase.READY && shadow.get().phase() != Phase.LOADING) {
                throw refused(ErrorCode.COPY_RELEASED)
                        .with("phase", shadow.get().phase());
            }
            if (shadow.get().phase() != Phase.READY) {
                throw refused(ErrorCode.COPY_LOADING)
                        .with("applied", shadow.get().applied());
            }
            CoveredRows covered = shadow.get().covered();
            if (covered != null && !need.isWithin(covered)) {
                throw refused(ErrorCode.OUTSIDE_COVERAGE).with("coverage", covered);
            }
            return chosen(shadow(use.schema(), "this shadow was named", shadow.get()), List::of);
        }

        private Answer home(String reason) {
            Optional<Option> home = homeOption(reason);
            if (home.isEmpty()) {
                throw refused(ErrorCode.COPY_LOADING)
                        .with("copy", CopyNames.HOME + "." + use.table())
                        .with(
                                "applied",
                                copies.home(use.table()).map(Copy::applied).orElse(Position.START));
            }
            return chosen(home.get(), List::of);
        }

        private Optional<Option> homeOption(String reason) {
            Optional<TableName> own = copies.ownHome(use.table());
            if (own.isPresent()) {
                TableName table = own.get();
                Candidate itself = new Candidate(table.quoted(), null, true, null, Position.START);
                return Optional.of(new Option(
                        itself,
                        answer(
                                table.schema(),
                                table.table(),
                                Reads.Source.HOME,
                                reason + ", and the table is its own",
                                null)));
            }
            Optional<Copy> home = copies.home(use.table());
            if (home.isEmpty()) {
                // There is no such table; the engine says so.
                Candidate unknown = new Candidate(CopyNames.HOME, null, true, null, Position.START);
                return Optional.of(
                        new Option(unknown, answer(CopyNames.HOME, use.table(), Reads.Source.HOME, reason, null)));
            }
            return home.filter(copy -> copy.phase() == Phase.READY)
                    .map(copy -> new Option(
                            copy.candidate(true),
                            answer(CopyNames.HOME, use.table(), Reads.Source.HOME, reason, copy)));
        }

        private Option shadow(String schema, String reason, Copy copy) {
            return new Option(copy.candidate(false), answer(schema, use.table(), Reads.Source.SHADOW, reason, copy));
        }

        private Answer answer(String schema, String table, Reads.Source source, String reason, @Nullable Copy copy) {
            return new Answer(
                    use.schema() + "." + use.table(),
                    schema,
                    table,
                    source,
                    reason,
                    copy == null ? null : copy.applied(),
                    copy == null ? null : copy.table(),
                    asked,
                    use.table(),
                    null,
                    null);
        }

        private Answer chosen(Option near, Supplier<List<Candidate>> others) {
            @Nullable Choice choice;
            try {
                choice = chooser.choose(use.table(), asked, near.candidate(), others);
            } catch (PenumbraException e) {
                throw text == null ? e : Place.of(text.sql(), use.start()).in(e);
            }
            if (choice == null
                    || choice.candidate().copy().equals(near.candidate().copy())) {
                return near.answer().with(choice);
            }
            Option far = away;
            if (far != null && choice.candidate().copy().equals(far.candidate().copy())) {
                return far.answer().with(choice);
            }
            throw new IllegalStateException("a copy that was not offered: " + choice);
        }

        private PenumbraException refused(ErrorCode code) {
            return text == null
                    ? new PenumbraException(code).with("table", use.table())
                    : NamedText.refusal(text.sql(), use, code);
        }
    }

    private static @Nullable Answer answering(TableUse use, Map<Named, Answer> answers) {
        Answer answer = answers.get(Named.of(use));
        if (answer != null || use.role() == Role.READ) {
            return answer;
        }
        // A column's full name, of a table that is read as it was.
        return answers.entrySet().stream()
                .filter(entry -> entry.getKey().schema().equals(use.schema())
                        && entry.getKey().table().equals(use.table()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private static String spliced(NamedText text, Map<Named, Answer> answers) {
        String sql = text.sql();
        StringBuilder result = new StringBuilder(sql.length() + Long.BYTES);
        int copied = 0;
        for (TableUse use : text.uses()) {
            Answer answer = answering(use, answers);
            Archived was = answer == null ? null : answer.archived();
            if (answer == null || (was == null && answer.schema().equals(use.schema()))) {
                continue;
            }
            result.append(sql, copied, use.start());
            if (was != null) {
                AsOf asOf = use.asOf();
                if (asOf == null) {
                    result.append(quoted(use.table()));
                    copied = use.tableEnd();
                } else {
                    result.append(was.sql());
                    if (!asOf.aliased()) {
                        result.append(" AS ").append(quoted(use.table()));
                    }
                    copied = asOf.end();
                }
                continue;
            }
            if (CopyNames.isReserved(answer.schema())) {
                result.append(answer.schema());
                if (use.start() == use.end()) {
                    result.append('.');
                }
                copied = use.end();
            } else {
                result.append(own(use, answer));
                copied = use.tableEnd();
            }
        }
        return result.isEmpty() ? sql : result.append(sql, copied, sql.length()).toString();
    }

    /** The name of a table that is its own home image, where its copies were named; what else the text says of it stays true. */
    private static String own(TableUse use, Answer answer) {
        boolean sameName = answer.table().equals(use.table());
        if (use.role() == Role.COLUMN && !sameName) {
            return quoted(use.table());
        }
        String name = quoted(answer.schema()) + "." + quoted(answer.table());
        return use.role() == Role.COLUMN || sameName || use.renamed() ? name : name + " AS " + quoted(use.table());
    }

    /** A name as the engine reads it, which knows no line break within quotes and takes it by its number alone. */
    static String quoted(String name) {
        String quoted = TableName.quote(name);
        return quoted.indexOf('\n') < 0 && quoted.indexOf('\r') < 0
                ? quoted
                : "U&" + quoted.replace("\\", "\\\\").replace("\n", "\\000a").replace("\r", "\\000d");
    }
}
