package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * Holds what reads have found far away against the home images, on a node of the home datacenter.
 *
 * <p>First the home images must be proven to have all that had been committed when the question came. What is then the same as in the
 * finding is the primary's answer.
 *
 * <p>Safe for use by several threads. Nothing waits here but what the executor runs.
 */
@Internal
public final class Validator {
    /** The home images as this node sees them. */
    public interface HomeImages {
        /** A table's home image while it is whole; empty also for what is no copy. Does not wait. */
        Optional<Candidate> whole(String table);

        /** Whether a home image has now what a finding says. May wait. */
        boolean isSame(Finding finding);
    }

    private final HomeImages images;
    private final Freshness freshness;
    private final LongSupplier nanos;
    private final Executor executor;

    /**
     * @param nanos the monotonic clock of this node, in nanoseconds
     * @param executor compares rows, which may wait
     */
    public Validator(HomeImages images, Freshness freshness, LongSupplier nanos, Executor executor) {
        this.images = images;
        this.freshness = freshness;
        this.nanos = nanos;
        this.executor = executor;
    }

    /**
     * Validates.
     *
     * @param findings all of what one read has found
     * @return whether all of it is as at home; never completes while that cannot be proven, and whoever does not want it any more
     *     completes it
     */
    public CompletableFuture<Boolean> validate(List<Finding> findings) {
        long asked = nanos.getAsLong();
        List<Candidate> before = new ArrayList<>();
        List<CompletableFuture<Void>> proofs = new ArrayList<>();
        for (Finding finding : findings) {
            Optional<Candidate> image = images.whole(finding.table());
            FeedName feed = image.map(Candidate::feed).orElse(null);
            if (image.isEmpty()
                    || feed == null
                    || !finding.journal().equals(image.get().journal())) {
                return CompletableFuture.completedFuture(false);
            }
            before.add(image.get());
            proofs.add(freshness.provenSince(feed, asked));
        }
        CompletableFuture<Boolean> same = CompletableFuture.allOf(proofs.toArray(CompletableFuture[]::new))
                .thenApplyAsync(proven -> isSame(findings, before), executor);
        var unused = same.whenComplete((done, failure) -> proofs.forEach(proof -> proof.complete(null)));
        return same;
    }

    private boolean isSame(List<Finding> findings, List<Candidate> before) {
        for (int i = 0; i < findings.size(); i++) {
            Finding finding = findings.get(i);
            String copy = before.get(i).copy();
            // Rows that are being brought anew may be missing for a while.
            if (!images.isSame(finding)
                    || images.whole(finding.table())
                            .filter(now -> now.copy().equals(copy))
                            .isEmpty()) {
                return false;
            }
        }
        return true;
    }
}
