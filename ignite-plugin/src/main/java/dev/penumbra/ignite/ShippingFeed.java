package dev.penumbra.ignite;

/** What carries a journal's changes to the copies in one datacenter, on a thread of its own that runs it. */
interface ShippingFeed extends Runnable {
    FeedFigures figures();

    /** Stops; what is under way is completed. */
    void stop();

    /** Stops for good, because the datacenter has no copies any more, and forgets how far it was. */
    void retire();

    boolean isRetired();

    /** The catalogue has changed. Returns at once. */
    void catalogueChanged();
}
