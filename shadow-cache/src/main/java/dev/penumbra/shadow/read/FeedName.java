package dev.penumbra.shadow.read;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.api.Internal;

/** What carries the changes of one source to its copies in one datacenter. */
@Internal
public record FeedName(String source, Datacenter datacenter) {
    @Override
    public String toString() {
        return source + "@" + datacenter;
    }
}
