package dev.penumbra.capture;

/** What a source says of itself; its {@link TriggerContractTest} holds it to its word. */
public interface SourceDeclaration {
    /** The source's name, as the head of its column has it. */
    String title();

    Support support(Capability capability);
}
