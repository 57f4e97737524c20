package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;

/** What the command's exit codes mean. */
final class ExitCode {
    static final int OK = 0;
    /** What was examined is not as it should be: a damaged journal, copies that differ, a failed statement. */
    static final int FAILED_CHECK = 1;
    /** The caller asked for something that cannot be. */
    static final int USAGE = 2;
    /** Something around the command is missing or broken, or the command itself has a defect. */
    static final int ENVIRONMENT = 3;

    private static final int USAGE_GROUP = 1;
    private static final int STORED_DATA_GROUP = 3;
    private static final int GROUP = 1_000;

    private ExitCode() {}

    /** The exit code for a failure: the groups of {@link ErrorCode} say who can mend it. */
    static int of(ErrorCode code) {
        return switch (code.number() / GROUP) {
            case USAGE_GROUP -> USAGE;
            case STORED_DATA_GROUP -> FAILED_CHECK;
            default -> ENVIRONMENT;
        };
    }
}
