package dev.penumbra.shadow;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which node writes which partition of an Ignite table into one filling of a shadow, and which partitions are whole in it.
 *
 * <p>A partition has one writer at a time. Each taking of partitions has a number of its own, larger than all before, so that what
 * an earlier writer wrote is older than anything that a later one writes.
 *
 * <p>Immutable.
 */
@Internal
public final class PartitionShares {
    private static final int NOBODY = -1;

    private final long capture;
    private final int taking;
    private final List<UUID> writers;
    private final int[] writerOf;
    private final BitSet whole;
    private final BitSet touched;

    private PartitionShares(
            long capture, int taking, List<UUID> writers, int[] writerOf, BitSet whole, BitSet touched) {
        this.capture = capture;
        this.taking = taking;
        this.writers = writers;
        this.writerOf = writerOf;
        this.whole = whole;
        this.touched = touched;
    }

    /**
     * Nobody writes, and nothing is whole.
     *
     * @param capture what tells the capture that the shadow follows from others of the table's name
     */
    public static PartitionShares none(long capture, int partitions) {
        int[] nobody = new int[partitions];
        Arrays.fill(nobody, NOBODY);
        return new PartitionShares(capture, 0, List.of(), nobody, new BitSet(), new BitSet());
    }

    /** What tells the capture that the shadow follows from others of the table's name. */
    public long capture() {
        return capture;
    }

    /** How many partitions the table has. */
    public int partitions() {
        return writerOf.length;
    }

    /** The number of the last taking; counts from 1. */
    public int taking() {
        return taking;
    }

    /** The node that writes a partition; null for nobody. */
    public @Nullable UUID writer(int partition) {
        int writer = writerOf[partition];
        return writer == NOBODY ? null : writers.get(writer);
    }

    /** Whether anybody has ever written the partition into this filling. */
    public boolean isTouched(int partition) {
        return touched.get(partition);
    }

    /** Whether a partition has been whole, so that each of its rows is as it was at some time, and has not been spoilt since. */
    public boolean isWhole(int partition) {
        return whole.get(partition);
    }

    /** Whether every partition is whole. */
    public boolean isWhole() {
        return whole.cardinality() == writerOf.length;
    }

    /** A node takes partitions to write, whoever had them before. */
    public PartitionShares taken(UUID node, Collection<Integer> partitions) {
        BitSet nowTouched = (BitSet) touched.clone();
        partitions.forEach(nowTouched::set);
        return with(taking + 1, node, partitions, whole, nowTouched);
    }

    /** A node lets go of partitions; without effect on those that it does not write. */
    public PartitionShares released(UUID node, Collection<Integer> partitions) {
        List<Integer> own =
                partitions.stream().filter(p -> node.equals(writer(p))).toList();
        return with(taking, null, own, whole, touched);
    }

    /** Partitions have become whole. */
    public PartitionShares completed(Collection<Integer> partitions) {
        BitSet nowWhole = (BitSet) whole.clone();
        partitions.forEach(nowWhole::set);
        return new PartitionShares(capture, taking, writers, writerOf, nowWhole, touched);
    }

    /** Partitions are not as new as they should be, and cannot be made so. */
    public PartitionShares spoilt(Collection<Integer> partitions) {
        BitSet nowWhole = (BitSet) whole.clone();
        partitions.forEach(nowWhole::clear);
        return new PartitionShares(capture, taking, writers, writerOf, nowWhole, touched);
    }

    private PartitionShares with(
            int nextTaking, @Nullable UUID node, Collection<Integer> partitions, BitSet nextWhole, BitSet nextTouched) {
        List<UUID> nodes = new ArrayList<>();
        int[] next = new int[writerOf.length];
        for (int partition = 0; partition < next.length; partition++) {
            UUID writer = partitions.contains(partition) ? node : writer(partition);
            int known = writer == null ? NOBODY : nodes.indexOf(writer);
            if (writer != null && known < 0) {
                known = nodes.size();
                nodes.add(writer);
            }
            next[partition] = known;
        }
        return new PartitionShares(capture, nextTaking, List.copyOf(nodes), next, nextWhole, nextTouched);
    }

    /** {@code capture taking nodes writers whole touched}; lists are separated by commas, sets are hexadecimal. */
    String text() {
        return capture + " " + taking + " "
                + writers.stream().map(UUID::toString).collect(Collectors.joining(",")) + " "
                + IntStream.of(writerOf).mapToObj(Integer::toString).collect(Collectors.joining(",")) + " "
                + hex(whole) + " " + hex(touched);
    }

    private static String hex(BitSet bits) {
        return java.util.HexFormat.of().formatHex(bits.toByteArray());
    }

    static PartitionShares read(String text) {
        String[] parts = text.split(" ", -1);
        try {
            List<UUID> writers = parts[2].isEmpty()
                    ? List.of()
                    : Arrays.stream(parts[2].split(",")).map(UUID::fromString).toList();
            int[] writerOf = Arrays.stream(parts[3].split(","))
                    .mapToInt(Integer::parseInt)
                    .toArray();
            return new PartitionShares(
                    Long.parseLong(parts[0]),
                    Integer.parseInt(parts[1]),
                    writers,
                    writerOf,
                    bits(parts[4]),
                    bits(parts[5]));
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new PenumbraException(ErrorCode.VALUE_CORRUPT, e).with("progress", text);
        }
    }

    private static BitSet bits(String hex) {
        return BitSet.valueOf(java.util.HexFormat.of().parseHex(hex));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PartitionShares shares && shares.text().equals(text());
    }

    @Override
    public int hashCode() {
        return text().hashCode();
    }

    @Override
    public String toString() {
        return text();
    }
}
