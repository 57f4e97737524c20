package dev.penumbra.ignite;

import dev.penumbra.ignite.sql.CopyNames;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.read.Finding;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.Validator;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.apache.ignite.Ignite;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/** The home images as a node of the home datacenter compares findings with them. Safe for use by several threads. */
final class HomeFindings implements Validator.HomeImages {
    private static final Duration ANSWER = Duration.ofSeconds(5);

    private final ShippingContext context;
    private final CopyBoard board;
    private final Shipper shipper;

    HomeFindings(ShippingContext context, CopyBoard board, Shipper shipper) {
        this.context = context;
        this.board = board;
        this.shipper = shipper;
    }

    @Override
    public Optional<Candidate> whole(String table) {
        if (!context.isHome()) {
            return Optional.empty();
        }
        return board.home(table)
                .filter(copy -> copy.isReady() && copy.table() == null)
                .map(copy -> copy.candidate(true));
    }

    @Override
    public boolean isSame(Finding finding) {
        ListedCopy home = board.built(CopyNames.HOME, finding.table());
        if (home == null) {
            return false;
        }
        return finding instanceof Finding.Rows found
                ? areSame(found, home)
                : lastChange(home.copy()).compareTo(((Finding.Statement) finding).applied()) <= 0;
    }

    private boolean areSame(Finding.Rows found, ListedCopy home) {
        Map<dev.penumbra.model.Key, Position> positions = home.rows(built -> KeyedRows.open(context.ignite(), built))
                .positions(found.rows().keySet());
        return found.rows().entrySet().stream()
                .allMatch(row ->
                        positions.getOrDefault(row.getKey(), Position.START).equals(row.getValue()));
    }

    /** Who keeps the home image up knows. */
    private Position lastChange(dev.penumbra.shadow.Copy home) {
        String source = home.name().source();
        TableName table = home.name().table();
        UUID owner = context.progress(context.home())
                .feed(source)
                .map(FeedState::owner)
                .orElseThrow(() -> new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("source", source));
        Ignite ignite = context.ignite();
        return owner.equals(ignite.cluster().localNode().id())
                ? shipper.lastChange(source, table)
                : ignite.compute(ignite.cluster().forNodeId(owner))
                        .withTimeout(ANSWER.toMillis())
                        .call(new LastChange(source, table));
    }

    /** Asks another node. */
    private static final class LastChange implements IgniteCallable<Position> {
        private static final long serialVersionUID = 1L;

        private final String source;
        private final TableName table;

        @IgniteInstanceResource
        private transient @Nullable Ignite ignite;

        LastChange(String source, TableName table) {
            this.source = source;
            this.table = table;
        }

        @Override
        public Position call() {
            PenumbraPlugin plugin = Objects.requireNonNull(ignite).plugin(PenumbraPlugin.NAME);
            return plugin.shipper().lastChange(source, table);
        }
    }
}
