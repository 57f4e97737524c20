package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Change;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import dev.penumbra.shadow.PartitionShares;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Nodes of a simulated grid write one shadow of a table while partitions change their primaries, nodes die and join, feeds begin
 * anew, and writes arrive late and in any order. When all has come to rest the shadow must equal the table.
 *
 * <p>{@code -Dpenumbra.shares.seeds=N} sets how many seeds, {@code -Dpenumbra.shares.seed=S} replays one.
 */
@NullMarked
class SharedShadowTest {
    private static final int SEEDS = Integer.getInteger("penumbra.shares.seeds", 400);
    private static final int PARTITIONS = 3;
    private static final int KEYS = 12;
    private static final int STEPS = 1_500;
    private static final int REST = 20_000;
    private static final int NODES = 3;
    private static final UUID NOBODY = new UUID(0, 0);
    private static final TableSchema SCHEMA = new TableSchema(
            new TableName("S", "T"),
            List.of(
                    new Column("ID", ColumnType.of(SqlType.INTEGER), false),
                    new Column("V", ColumnType.of(SqlType.INTEGER), false)),
            List.of("ID"));

    static LongStream seeds() {
        Long one = Long.getLong("penumbra.shares.seed");
        return one == null ? LongStream.range(0, SEEDS) : LongStream.of(one);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whoeverWrites_theShadowComesToEqualTheTable(long seed) {
        new World(seed).run();
    }

    @Test
    void aPartitionThatIsBroughtAnewAndDoesNotCome_letsTheShadowAnswerNobody() {
        World world = new World(1);
        world.run();
        Node writer = world.nodes.stream()
                .filter(node -> node.id.equals(world.shares.writer(0)))
                .findFirst()
                .orElseThrow();
        writer.journal(0, 2 * writer.frontier[0], Operation.TRUNCATE, Origin.SNAPSHOT, null);
        writer.shadow.accept(writer.journal.get(writer.read++));
        writer.shadow.share();
        world.nanos += SharedShadow.STALE_NANOS / 2;
        writer.shadow.share();
        assertThat(world.shares.isWhole()).isTrue();
        world.nanos += SharedShadow.STALE_NANOS;
        for (int i = 0; i < 100; i++) {
            writer.shadow.share();
        }
        assertThat(world.shares.isWhole()).isFalse();
        for (int i = 0; i < REST && !world.atRest(); i++) {
            world.nanos += 20_000_000;
            world.any(world.nodes).step();
        }
        assertThat(world.shares.isWhole()).isTrue();
    }

    /** What one partition's counter stands for; the value is null for a removed row. */
    private record Made(long counter, int key, @Nullable Integer value, UUID by) {}

    private record Stored(int value, Position position) {}

    private static final class World {
        private final long seed;
        private final Random random;
        private final Map<Integer, Integer> table = new TreeMap<>();
        private final List<List<Made>> made = new ArrayList<>();
        private final UUID[] primaries = new UUID[PARTITIONS];
        private final List<Node> nodes = new ArrayList<>();
        private final Map<Integer, Stored> shadow = new HashMap<>();
        /** Writes of dead nodes that may still take effect. */
        private final List<Runnable> orphans = new ArrayList<>();

        private final long[] epochs = new long[PARTITIONS];

        private PartitionShares shares = PartitionShares.none(1, PARTITIONS);
        private long topology;
        private long nanos;
        private int values;

        World(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
            for (int i = 0; i < PARTITIONS; i++) {
                made.add(new ArrayList<>());
                putLasting(i);
            }
            for (int i = 0; i < NODES; i++) {
                join();
            }
        }

        /** A row that is always in the table: as often as a partition is whole, it must be in the shadow. */
        private void putLasting(int partition) {
            table.put(KEYS + partition, 0);
            made.get(partition).add(new Made(1, KEYS + partition, 0, NOBODY));
        }

        private void requireLasting() {
            for (int i = 0; i < PARTITIONS; i++) {
                if (shares.isWhole(i)) {
                    assertThat(shadow).as("seed %d", seed).containsKey(KEYS + i);
                }
            }
        }

        private void join() {
            nodes.add(new Node(this, new UUID(seed, nodes.size() + topology * 100)));
            assign();
        }

        private void assign() {
            topology++;
            for (int i = 0; i < PARTITIONS; i++) {
                primaries[i] = any(nodes).id;
            }
        }

        private <T> T any(List<T> list) {
            return list.get(random.nextInt(list.size()));
        }

        void run() {
            for (int i = 0; i < STEPS; i++) {
                nanos += 20_000_000;
                int choice = random.nextInt(100);
                if (choice < 25) {
                    change();
                } else if (choice == 25 && random.nextInt(3) == 0) {
                    assign();
                } else if (choice == 26 && random.nextInt(4) == 0 && nodes.size() > 1) {
                    die(any(nodes));
                } else if (choice == 27 && random.nextInt(4) == 0 && nodes.size() < NODES) {
                    join();
                } else if (choice == 28 && random.nextInt(4) == 0) {
                    any(nodes).beginFeed();
                } else if (choice == 30 && random.nextInt(8) == 0) {
                    lose(random.nextInt(PARTITIONS));
                } else if (choice == 29 && !orphans.isEmpty()) {
                    orphans.remove(random.nextInt(orphans.size())).run();
                } else {
                    any(nodes).step();
                }
                requireLasting();
            }
            for (int i = 0; i < REST && !atRest(); i++) {
                nanos += 20_000_000;
                if (!orphans.isEmpty() && random.nextInt(100) == 0) {
                    orphans.remove(0).run();
                }
                any(nodes).step();
            }
            Map<Integer, Integer> found = new TreeMap<>();
            shadow.forEach((key, stored) -> found.put(key, stored.value()));
            assertThat(found)
                    .as("seed %d, at rest %s, shares %s, %s", seed, atRest(), shares, nodes)
                    .isEqualTo(table);
            assertThat(shares.isWhole()).as("seed %d", seed).isTrue();
        }

        private boolean atRest() {
            return shares.isWhole() && orphans.isEmpty() && nodes.stream().allMatch(Node::atRest);
        }

        private void change() {
            int key = random.nextInt(KEYS);
            int partition = key % PARTITIONS;
            UUID by = primaries[partition];
            if (nodes.stream().noneMatch(node -> node.id.equals(by) && node.view == topology)) {
                // Nobody is primary until the node has heard of it.
                return;
            }
            @Nullable Integer value = table.containsKey(key) && random.nextInt(2) == 0 ? null : Integer.valueOf(++values);
            if (value == null) {
                table.remove(key);
            } else {
                table.put(key, value);
            }
            List<Made> partitionMade = made.get(partition);
            partitionMade.add(new Made(partitionMade.size() + 1, key, value, by));
        }

        /** All owners of a partition are lost: its rows are gone, and it counts anew. */
        private void lose(int partition) {
            table.keySet().removeIf(key -> partitionOf(key) == partition);
            made.get(partition).clear();
            epochs[partition]++;
            putLasting(partition);
        }

        private void die(Node node) {
            nodes.remove(node);
            orphans.addAll(node.underWay);
            assign();
        }

        private boolean isAlive(UUID id) {
            return nodes.stream().anyMatch(node -> node.id.equals(id));
        }

        /** What is left of dead nodes' writes takes effect now or never. */
        private void exchange() {
            for (Runnable orphan : orphans) {
                if (random.nextBoolean()) {
                    orphan.run();
                }
            }
            orphans.clear();
        }

        private void write(int key, @Nullable Integer value, Position position) {
            Stored present = shadow.get(key);
            if (present != null && present.position().compareTo(position) >= 0) {
                return;
            }
            if (value == null) {
                // What Ignite remembers of a removed row is not to be relied on.
                shadow.remove(key);
            } else {
                shadow.put(key, new Stored(value, position));
            }
        }

        private int partitionOf(int key) {
            return key % PARTITIONS;
        }
    }

    /** One node: what it has emitted, its journal, and the feed that reads it. */
    private static final class Node implements SharedShadow.Surroundings {
        private final World world;
        private final UUID id;
        private final Random random;
        private final List<Change> journal = new ArrayList<>();
        private final long[] frontier = new long[PARTITIONS];
        private final long[] epochs;
        private final boolean[] continued = new boolean[PARTITIONS];
        private final TreeSet<Integer> rowless = new TreeSet<>();
        private final List<Runnable> requests = new ArrayList<>();
        private long view;
        private UUID[] primaries;

        private int bringing = -1;
        private long broughtFrom;
        private long endsAt = -1;
        private final List<Integer> unread = new ArrayList<>();
        private final Map<Integer, Integer> page = new HashMap<>();
        private final Set<Integer> changed = new HashSet<>();

        private SharedShadow shadow;
        private int read;
        private final Map<Integer, Change> gathered = new HashMap<>();
        private final Map<Integer, Position> positions = new HashMap<>();
        private List<Runnable> underWay = new ArrayList<>();
        private boolean flushed;

        Node(World world, UUID id) {
            this.world = world;
            this.id = id;
            this.random = world.random;
            this.primaries = world.primaries.clone();
            this.epochs = world.epochs.clone();
            for (int i = 0; i < PARTITIONS; i++) {
                frontier[i] = world.made.get(i).size();
            }
            this.shadow = new SharedShadow(this, id, PARTITIONS, SCHEMA.fingerprint());
        }

        boolean atRest() {
            for (int i = 0; i < PARTITIONS; i++) {
                boolean here = id.equals(world.primaries[i]);
                if ((here && epochs[i] != world.epochs[i])
                        || (here && !id.equals(world.shares.writer(i)))
                        || (here && frontier[i] < world.made.get(i).size())) {
                    return false;
                }
            }
            return view == world.topology
                    && read == journal.size()
                    && gathered.isEmpty()
                    && underWay.isEmpty()
                    && !flushed
                    && requests.isEmpty()
                    && rowless.isEmpty()
                    && bringing < 0
                    && shadow.isAtRest();
        }

        void step() {
            switch (random.nextInt(6)) {
                case 0 -> look();
                case 1 -> emit(random.nextInt(PARTITIONS));
                case 2 -> {
                    if (!requests.isEmpty()) {
                        requests.remove(0).run();
                    }
                    bringRows();
                }
                case 3 -> tell();
                case 4 -> complete();
                default -> feed();
            }
        }

        private void look() {
            view = world.topology;
            primaries = world.primaries.clone();
            for (int i = 0; i < PARTITIONS; i++) {
                if (primaryHere(i) && epochs[i] != world.epochs[i]) {
                    beginAnew(i, world.made.get(i).size());
                    rowless.add(i);
                }
                goOn(i);
            }
        }

        private void beginAnew(int partition, long counter) {
            epochs[partition] = world.epochs[partition];
            frontier[partition] = counter;
            continued[partition] = false;
            if (bringing == partition) {
                stopBringing();
            }
        }

        private void goOn(int partition) {
            if (primaryHere(partition) && !continued[partition]) {
                journal(partition, 2 * frontier[partition], Operation.SCHEMA, Origin.SNAPSHOT, null);
                continued[partition] = true;
            }
        }

        private boolean primaryHere(int partition) {
            return id.equals(primaries[partition]);
        }

        private void journal(int partition, long number, Operation operation, Origin origin, @Nullable Row row) {
            boolean delete = operation == Operation.DELETE;
            journal.add(new Change(
                    new Position(1, journal.size() + 1),
                    new TransactionId((1 + epochs[partition]) << 16 | partition, number),
                    operation,
                    origin,
                    SCHEMA,
                    row == null ? null : Key.of((Integer) row.get(0)),
                    delete ? row : null,
                    delete ? null : row));
        }

        /** Emits one change, if it is this node's to emit; whether it was. */
        private boolean emit(int partition) {
            List<Made> all = world.made.get(partition);
            if (epochs[partition] != world.epochs[partition] || frontier[partition] >= all.size()) {
                return false;
            }
            Made next = all.get((int) frontier[partition]);
            if (!next.by().equals(id) && (!primaryHere(partition) || world.isAlive(next.by()))) {
                return false;
            }
            frontier[partition]++;
            if (!continued[partition]) {
                journal(partition, 2 * next.counter(), Operation.SCHEMA, Origin.SNAPSHOT, null);
                continued[partition] = true;
            }
            Row row = Row.of(next.key(), next.value() == null ? 0 : next.value());
            journal(
                    partition,
                    2 * next.counter(),
                    next.value() == null ? Operation.DELETE : Operation.INSERT,
                    Origin.CAPTURED,
                    row);
            if (bringing == partition) {
                changed.add(next.key());
            }
            return true;
        }

        private void tell() {
            for (Node other : world.nodes) {
                for (int i = 0; i < PARTITIONS; i++) {
                    if (epochs[i] == world.epochs[i] && other.epochs[i] != epochs[i]) {
                        other.beginAnew(i, frontier[i]);
                        if (other.primaryHere(i)) {
                            other.rowless.add(i);
                        }
                    }
                    if (epochs[i] == other.epochs[i] && frontier[i] > other.frontier[i]) {
                        other.frontier[i] = frontier[i];
                        other.continued[i] = false;
                        other.goOn(i);
                    }
                }
            }
        }

        private void bringRows() {
            if (bringing < 0) {
                Integer next = rowless.pollFirst();
                if (next == null || !primaryHere(next)) {
                    return;
                }
                if (epochs[next] != world.epochs[next]) {
                    beginAnew(next, world.made.get(next).size());
                }
                bringing = next;
                for (Made change : world.made.get(next)) {
                    if (change.counter() > frontier[next] && !change.by().equals(id)) {
                        frontier[next] = change.counter();
                    }
                }
                continued[next] = true;
                broughtFrom = frontier[next];
                endsAt = -1;
                journal(next, 2 * broughtFrom, Operation.TRUNCATE, Origin.SNAPSHOT, null);
                for (int key = next; key < KEYS + PARTITIONS; key += PARTITIONS) {
                    unread.add(key);
                }
                Collections.shuffle(unread, random);
                page.clear();
                return;
            }
            if (!primaryHere(bringing) || epochs[bringing] != world.epochs[bringing]) {
                rowless.add(bringing);
                stopBringing();
            } else if (endsAt >= 0) {
                while (frontier[bringing] < endsAt && emit(bringing)) {}
                if (frontier[bringing] >= endsAt) {
                    journal(bringing, 2 * broughtFrom, Operation.SNAPSHOT_END, Origin.SNAPSHOT, null);
                    stopBringing();
                }
            } else if (page.isEmpty() && !unread.isEmpty()) {
                changed.clear();
                for (int i = 0; i < 2 && !unread.isEmpty(); i++) {
                    int key = unread.remove(0);
                    @Nullable Integer value = world.table.get(key);
                    if (value != null) {
                        page.put(key, value);
                    }
                }
            } else {
                // What the page may have been read with goes before it.
                while (emit(bringing)) {}
                page.forEach((key, value) -> {
                    if (!changed.contains(key)) {
                        journal(bringing, 2 * broughtFrom, Operation.INSERT, Origin.SNAPSHOT, Row.of(key, value));
                    }
                });
                page.clear();
                if (unread.isEmpty()) {
                    endsAt = world.made.get(bringing).size();
                }
            }
        }

        private void stopBringing() {
            bringing = -1;
            unread.clear();
            page.clear();
        }

        /** One of the writes that are under way takes effect. */
        private void complete() {
            if (!underWay.isEmpty()) {
                underWay.remove(random.nextInt(underWay.size())).run();
            }
        }

        private void feed() {
            if (!underWay.isEmpty()) {
                return;
            }
            if (flushed) {
                flushed = false;
                shadow.written();
            }
            switch (random.nextInt(4)) {
                case 0 -> shadow.share();
                case 1 -> shadow.completePartitions();
                default -> {
                    int until = Math.min(journal.size(), read + 1 + random.nextInt(5));
                    boolean any = read < until;
                    while (read < until) {
                        shadow.accept(journal.get(read++));
                    }
                    if (any) {
                        CompletableFuture<Void> unused = shadow.flush();
                        flushed = true;
                    }
                }
            }
        }

        /** The feed fails and begins anew, when none of its writes is under way any more. */
        void beginFeed() {
            underWay.forEach(Runnable::run);
            underWay = new ArrayList<>();
            flushed = false;
            gathered.clear();
            positions.clear();
            read = journal.size();
            shadow = new SharedShadow(this, id, PARTITIONS, SCHEMA.fingerprint());
        }

        @Override
        public Object topology() {
            return view;
        }

        @Override
        public UUID primary(int partition) {
            return primaries[partition];
        }

        @Override
        public boolean owns(int partition) {
            return true;
        }

        @Override
        public boolean isAlive(UUID node) {
            return world.isAlive(node);
        }

        @Override
        public boolean awaitExchange() {
            world.exchange();
            return true;
        }

        @Override
        public PartitionShares shares() {
            return world.shares;
        }

        @Override
        public boolean replace(PartitionShares expected, PartitionShares next) {
            if (!world.shares.equals(expected) || random.nextInt(10) == 0) {
                return false;
            }
            world.shares = next;
            return true;
        }

        @Override
        public CompletableFuture<Position> repeatRows(Collection<Integer> partitions) {
            CompletableFuture<Position> behind = new CompletableFuture<>();
            requests.add(() -> {
                behind.complete(new Position(1, journal.size()));
                for (int partition : partitions) {
                    if (primaryHere(partition)) {
                        rowless.add(partition);
                    }
                }
            });
            return behind;
        }

        @Override
        public void gather(Change change, Position position) {
            int key = (Integer) java.util.Objects.requireNonNull(change.key()).get(0);
            Position known = positions.get(key);
            if (known == null || known.compareTo(position) <= 0) {
                gathered.put(key, change);
                positions.put(key, position);
            }
        }

        @Override
        public CompletableFuture<Void> flush() {
            gathered.forEach((key, change) -> {
                Row after = change.after();
                @Nullable Integer value = after == null ? null : (Integer) after.get(1);
                Position position = java.util.Objects.requireNonNull(positions.get(key));
                underWay.add(() -> world.write(key, value, position));
            });
            gathered.clear();
            positions.clear();
            return new CompletableFuture<>();
        }

        @Override
        public boolean sweep(Map<Integer, Position> limits) {
            if (random.nextInt(5) == 0) {
                return false;
            }
            world.shadow.entrySet().removeIf(entry -> {
                Position limit = limits.get(world.partitionOf(entry.getKey()));
                return limit != null && entry.getValue().position().compareTo(limit) < 0;
            });
            return true;
        }

        @Override
        public long nanos() {
            return world.nanos;
        }

        @Override
        public String toString() {
            return id + " frontier " + Arrays.toString(frontier) + " view " + view + " read " + read + " of "
                    + journal.size() + " at rest " + shadow.isAtRest();
        }
    }
}
