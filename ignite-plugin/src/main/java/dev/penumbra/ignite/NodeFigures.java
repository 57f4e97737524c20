package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.ignite.ShadowAudit.Audited;
import dev.penumbra.ignite.internal.Figures;
import dev.penumbra.ignite.internal.Figures.Column;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.trigger.DeadLetters.DeadLetter;
import dev.penumbra.ignite.trigger.Trigger;
import dev.penumbra.ignite.trigger.TriggerRelay;
import dev.penumbra.ignite.trigger.TriggerRelay.TableFigures;
import dev.penumbra.ignite.trigger.Triggers;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.ShadowStatus;
import dev.penumbra.shadow.read.FeedName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.apache.ignite.IgniteException;
import org.jspecify.annotations.Nullable;

/**
 * Shows a node's figures as metrics, beans and views.
 *
 * <p>{@code PENUMBRA_SHADOWS} and {@code PENUMBRA_FRONTIERS} tell of the whole grid, {@code PENUMBRA_JOURNALS},
 * {@code PENUMBRA_AUDITS} and {@code PENUMBRA_READS} of the node that is asked. Safe for use by several threads.
 */
final class NodeFigures implements AutoCloseable {
    private static final long[] FRESHNESS_MILLIS = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 30_000};

    private final ShippingContext context;
    private final GridShadows shadows;
    private final Ages ages;
    private final Upkeep upkeep;
    private final Shipper shipper;
    private final ReadFigures reads;
    private final Triggers triggers;
    private final TriggerRelay triggerRelay;
    private final Heartbeat heartbeat;
    private final ShadowAudit audit;
    private final Figures figures;
    private Set<String> copyGroups = new HashSet<>();

    private record CopyRow(Copy copy, ShadowStatus status) {}

    private record FrontierRow(String source, Datacenter datacenter, FeedState state) {}

    NodeFigures(
            ShippingContext context,
            GridShadows shadows,
            Ages ages,
            Upkeep upkeep,
            Shipper shipper,
            ReadFigures reads,
            Triggers triggers,
            TriggerRelay triggerRelay,
            Heartbeat heartbeat,
            ShadowAudit audit) {
        this.context = context;
        this.shadows = shadows;
        this.ages = ages;
        this.upkeep = upkeep;
        this.shipper = shipper;
        this.reads = reads;
        this.triggers = triggers;
        this.triggerRelay = triggerRelay;
        this.heartbeat = heartbeat;
        this.audit = audit;
        this.figures = new Figures(context.ignite());
    }

    void start() {
        figures.group("reads")
                .number("FromShadow", reads::fromShadow, "Statements that a shadow answered.")
                .number(
                        "PreMerged",
                        reads::preMerged,
                        "Statements that a shadow answered together with what was pending of it.")
                .number("FromHome", reads::fromHome, "Statements that a home image answered.")
                .number("FromSource", reads::fromSource, "Reads by key of databases themselves.")
                .number("FromArchive", reads::fromArchive, "Reads of shadows as they were.")
                .number("Discarded", reads::discarded, "Answers of shadows that validation did not find right.")
                .number("Optimistic", reads::optimistic, "Answers that showed something that was not committed.")
                .number("Corrected", reads::corrected, "Those of them that were not what was committed in the end.");
        figures.group("memory")
                .number(
                        "UsedBytes",
                        () -> context.memory().used(),
                        "What the copies' data region holds on this node, and feeds.")
                .number("BudgetBytes", () -> context.memory().bytes(), "What it may hold before shadows make room.")
                .number("Displaced", upkeep::displaced, "Shadows that this node has released to make room.");
        figures.group("audit")
                .number("Rows", () -> audited(Audited::rows), "Rows of shadows that were compared with home.")
                .number("WrongRows", () -> audited(Audited::wrong), "Those that were not as at home.");
        views();
        refresh();
    }

    private long audited(ToLongFunction<Audited> figure) {
        return audit.figures().stream().mapToLong(figure).sum();
    }

    /** Shows a feed. */
    void show(FeedFigures feed) {
        Figures.Group group = figures.group(group(feed));
        group.number("Changes", feed::changes, "Changes applied since this node started.")
                .number("Batches", feed::batches, "Batches applied since this node started.")
                .number("Failures", feed::failures, "How often the feed had to begin again.")
                .number("Gaps", feed::gaps, "How often the journal lacked positions that had been applied.")
                .number("AppliedEpoch", () -> feed.applied().epoch(), "Epoch of the applied position.")
                .number("AppliedSequence", () -> feed.applied().sequence(), "Sequence of the applied position.")
                .number(
                        "Pending",
                        feed::pending,
                        "Changes of copies taken from the journal and not known to be applied.")
                .number("Ahead", feed::ahead, "Rows written ahead of their turn, because they were likely to be read.")
                .number("AheadRead", feed::aheadRead, "Those that were read before their turn.")
                .number("AheadChanged", feed::aheadChanged, "Those that changed again before they were read.")
                .number("LagPositions", feed::lagPositions, "Positions read from the journal and not applied.")
                .number("LagMillis", feed::lagMillis, "Age of the oldest change read and not applied, in milliseconds.")
                .text("Phase", () -> feed.phase().name(), "What the feed is doing.");
        feed.freshness(group.histogram(
                "Freshness",
                FRESHNESS_MILLIS,
                "Milliseconds from commit to applied, of the oldest change of each batch."));
    }

    /** Shows a feed no longer. */
    void hide(FeedFigures feed) {
        figures.remove(group(feed));
    }

    private static String group(FeedFigures feed) {
        return "feed." + feed.source() + "." + feed.datacenter();
    }

    /** Shows the copies that the catalogue has now. */
    synchronized void refresh() {
        Set<String> present = new HashSet<>();
        for (Copy copy : context.catalogue().all()) {
            String name = "copy." + copy.sqlSchema() + "." + copy.sqlTable();
            present.add(name);
            if (!copyGroups.contains(name)) {
                figures.group(name)
                        .number("Rows", () -> size(copy).rows(), "Rows when they were last counted.")
                        .number("RawBytes", () -> size(copy).rawBytes(), "Size of the values before compression.")
                        .number("StoredBytes", () -> size(copy).storedBytes(), "Size of the values as stored.")
                        .ratio("CompressionRatio", () -> ratio(size(copy)), "Raw bytes divided by stored bytes.");
            }
        }
        for (String former : copyGroups) {
            if (!present.contains(former)) {
                figures.remove(former);
            }
        }
        copyGroups = present;
    }

    private GridInternals.CopySize size(Copy shown) {
        return shadows.lastSize(shown.name(), shown.role());
    }

    private static double ratio(GridInternals.CopySize size) {
        return ratio(size.rawBytes(), size.storedBytes());
    }

    private static double ratio(long raw, long stored) {
        return stored == 0 ? 1 : raw / (double) stored;
    }

    private static <R> Column<R, ?> text(String name, Function<R, @Nullable String> value) {
        return new Column<>(name, String.class, value);
    }

    private static <R> Column<R, ?> number(String name, Function<R, @Nullable Long> value) {
        return new Column<>(name, Long.class, value);
    }

    private record TriggerRow(Trigger trigger, @Nullable TableFigures figures) {}

    private void triggerViews() {
        figures.<TriggerRow>view(
                "triggers",
                "Triggers of the grid's tables, and how they stand on this node",
                List.of(
                        text("triggerName", row -> row.trigger().name()),
                        text("schemaName", row -> row.trigger().table().schema()),
                        text("tableName", row -> row.trigger().table().table()),
                        text("cacheName", row -> row.trigger().cache()),
                        text("operations", row -> row.trigger().operationNames()),
                        text("action", row -> row.trigger().captures() ? "CAPTURE" : "CALL"),
                        text("className", row -> row.trigger().rowTrigger()),
                        number("createdAtMillis", row -> row.trigger().createdAtMillis()),
                        text("phase", row -> phase(row)),
                        number(
                                "emitted",
                                row -> row.figures() == null
                                        ? null
                                        : row.figures().emitted()),
                        number(
                                "waiting",
                                row -> row.figures() == null
                                        ? null
                                        : row.figures().waiting()),
                        number(
                                "givenUp",
                                row -> row.figures() == null
                                        ? null
                                        : row.figures().givenUp()),
                        text(
                                "failure",
                                row -> row.figures() == null
                                        ? null
                                        : row.figures().failure())),
                () -> triggers.all().stream()
                        .map(trigger -> new TriggerRow(trigger, triggerRelay.figures(trigger.cache())))
                        .toList());
        figures.<DeadLetter>view(
                "deadLetters",
                "Changes that triggers could not deal with",
                List.of(
                        text("triggerName", DeadLetter::trigger),
                        text("schemaName", DeadLetter::schema),
                        text("tableName", DeadLetter::table),
                        number("partition", letter -> (long) letter.partition()),
                        number("counter", DeadLetter::counter),
                        text("operation", DeadLetter::operation),
                        text("oldRow", DeadLetter::before),
                        text("newRow", DeadLetter::after),
                        number("attempts", DeadLetter::attempts),
                        text("reason", DeadLetter::reason),
                        number("atMillis", DeadLetter::atMillis)),
                () -> triggerRelay.deadLetters().all());
    }

    private static String phase(TriggerRow row) {
        TableFigures known = row.figures();
        if (known == null) {
            return "ELSEWHERE";
        }
        if (known.failure() != null) {
            return "FAILING";
        }
        return known.complete() || !row.trigger().captures() ? "RUNNING" : "LOADING";
    }

    private void views() {
        triggerViews();
        figures.<CopyRow>view(
                "shadows",
                "Shadows and home images of the grid",
                List.of(
                        text("source", row -> row.copy().name().source()),
                        text("schemaName", row -> row.copy().name().table().schema()),
                        text("tableName", row -> row.copy().name().table().table()),
                        text("datacenter", row -> row.copy().name().datacenter().name()),
                        text("role", row -> row.copy().role().name()),
                        text("phase", row -> row.status().phase().name()),
                        text("sqlSchema", row -> row.copy().sqlSchema()),
                        text("sqlTable", row -> row.copy().sqlTable()),
                        text("cacheName", row -> row.copy().cacheName()),
                        text("compression", row -> row.copy().compression().name()),
                        number("nearRows", row -> (long) row.copy().nearRows()),
                        text("consistency", row -> row.copy().consistency().text()),
                        text("coverage", row -> row.copy().coverage().text()),
                        number(
                                "ttlMillis",
                                row -> row.copy().definition().ttl().isZero()
                                        ? null
                                        : (Long) row.copy().definition().ttl().toMillis()),
                        number(
                                "archiveMillis",
                                row -> row.copy().definition().isArchived()
                                        ? (Long) row.copy()
                                                .definition()
                                                .archive()
                                                .toMillis()
                                        : null),
                        number("commitPercent", row ->
                                (long) row.copy().definition().commitPercent()),
                        number(
                                "ageMillis",
                                row -> ages.of(row.copy())
                                        .map(Duration::toMillis)
                                        .orElse(null)),
                        text("archiveBegin", row -> archiveBegin(row.copy())),
                        number("generation", row -> row.copy().generation()),
                        text("applied", row -> row.status().applied().toString()),
                        number("rowCount", row -> row.status().rows()),
                        number("rawBytes", row -> row.status().rawBytes()),
                        number("storedBytes", row -> row.status().storedBytes()),
                        new Column<>(
                                "ratio",
                                Double.class,
                                row -> ratio(
                                        row.status().rawBytes(), row.status().storedBytes()))),
                () -> GridInternals.asNode(context.ignite(), this::copyRows));
        figures.<FrontierRow>view(
                "frontiers",
                "How far each source's changes have come in each datacenter",
                List.of(
                        text("source", FrontierRow::source),
                        text("datacenter", row -> row.datacenter().name()),
                        number("appliedEpoch", row ->
                                (long) row.state().applied().epoch()),
                        number("appliedSequence", row -> row.state().applied().sequence()),
                        text("captured", this::captured),
                        text("window", row -> row.state().window().toString()),
                        text("ownerNodeId", row -> row.state().owner().toString()),
                        number("provenStalenessMillis", row -> provenStalenessMillis(row))),
                () -> GridInternals.asNode(context.ignite(), this::frontierRows));
        figures.<FeedFigures>view(
                "journals",
                "What this node ships from its journals",
                List.of(
                        text("source", FeedFigures::source),
                        text("datacenter", row -> row.datacenter().name()),
                        text("phase", row -> row.phase().name()),
                        text("applied", row -> row.applied().toString()),
                        number("pending", FeedFigures::pending),
                        number("lagPositions", FeedFigures::lagPositions),
                        number("lagMillis", FeedFigures::lagMillis),
                        number("changes", FeedFigures::changes),
                        number("batches", FeedFigures::batches),
                        number("ahead", FeedFigures::ahead),
                        number("aheadRead", FeedFigures::aheadRead),
                        number("aheadChanged", FeedFigures::aheadChanged),
                        number("failures", FeedFigures::failures),
                        number("gaps", FeedFigures::gaps),
                        text("lastGap", row -> textOf(row.lastGap())),
                        text("lastFailure", FeedFigures::lastFailure)),
                shipper::figures);
        figures.<Audited>view(
                "audits",
                "What the audit of the shadows that this node feeds has come to",
                List.of(
                        text("source", row -> row.name().source()),
                        text("schemaName", row -> row.name().table().schema()),
                        text("tableName", row -> row.name().table().table()),
                        text("datacenter", row -> row.name().datacenter().name()),
                        number("cycles", Audited::cycles),
                        number("rowCount", Audited::rows),
                        number("wrongRows", Audited::wrong)),
                audit::figures);
        figures.<ReadFigures.TableReads>view(
                "reads",
                "Which copies answered this node's reads",
                List.of(
                        text("sqlTable", ReadFigures.TableReads::table),
                        number("fromShadow", ReadFigures.TableReads::fromShadow),
                        number("preMerged", ReadFigures.TableReads::preMerged),
                        number("fromHome", ReadFigures.TableReads::fromHome),
                        number("fromSource", ReadFigures.TableReads::fromSource),
                        number("fromArchive", ReadFigures.TableReads::fromArchive),
                        number("discarded", ReadFigures.TableReads::discarded),
                        number("optimistic", ReadFigures.TableReads::optimistic),
                        number("corrected", ReadFigures.TableReads::corrected)),
                () -> List.copyOf(reads.tables().values()));
    }

    private @Nullable String archiveBegin(Copy copy) {
        return shadows.archiveBegin(copy)
                .map(begin -> begin.position().toString())
                .orElse(null);
    }

    /** Null where another datacenter's nodes would have to be asked. */
    private @Nullable Long provenStalenessMillis(FrontierRow row) {
        OptionalLong nanos = heartbeat.staleness(row.source(), row.datacenter());
        // Rounded up: a change is never younger than this says.
        return nanos.isPresent() ? (nanos.getAsLong() + 999_999) / 1_000_000 : null;
    }

    /** The same, and as it was when this node asked last. */
    private @Nullable String captured(FrontierRow row) {
        return row.datacenter().equals(context.local())
                ? heartbeat
                        .freshness()
                        .captured(new FeedName(
                                row.source(), row.datacenter(), row.state().life()))
                        .map(known -> known.upTo().toString())
                        .orElse(null)
                : null;
    }

    private static @Nullable String textOf(@Nullable Position position) {
        return position == null ? null : position.toString();
    }

    private Collection<CopyRow> copyRows() {
        List<CopyRow> rows = new ArrayList<>();
        for (Copy copy : context.catalogue().all()) {
            rows.add(new CopyRow(copy, shadows.status(copy)));
        }
        return rows;
    }

    private Collection<FrontierRow> frontierRows() {
        List<FrontierRow> rows = new ArrayList<>();
        for (Datacenter datacenter : DatacenterNodes.all(context.ignite().cluster())) {
            for (String source : context.catalogue().sources()) {
                feedState(source, datacenter)
                        .ifPresent(present -> rows.add(new FrontierRow(source, datacenter, present)));
            }
        }
        return rows;
    }

    private Optional<FeedState> feedState(String source, Datacenter datacenter) {
        try {
            return context.progress(datacenter).feed(source);
        } catch (IgniteException | javax.cache.CacheException e) {
            // The datacenter's last node has just left: it has no frontier.
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        figures.close();
    }
}
