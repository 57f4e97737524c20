package dev.penumbra.shadow.read;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.api.Internal;
import java.util.UUID;

/**
 * What carries the changes of one source to its copies in one datacenter.
 *
 * @param life another one each time that the feed begins anew, from an older position perhaps: what has been proven of one life says
 *     nothing of another
 */
@Internal
public record FeedName(String source, Datacenter datacenter, UUID life) {
    @Override
    public String toString() {
        return source + "@" + datacenter;
    }
}
