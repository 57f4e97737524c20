package dev.penumbra.shadow;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the catalogue knows of one copy of a captured table: a home image or a shadow.
 *
 * <p>Each time a copy is filled from the beginning it gets a new generation, and with it a cache of its own. Whatever an
 * earlier filling may still have under way therefore writes into a cache that no longer exists.
 *
 * @param role whether this is the home image
 * @param definition the table and the datacenter, and what the copy is to be; a home image holds the whole table for ever
 * @param sqlTable the name of its table in SQL, the same for all copies of one table
 * @param generation counts fillings across the whole grid; 0 while the copy has no cache yet
 * @param layout the table's layout, null while the copy has no cache yet
 * @param released why its rows have been given up, so that it has no cache until it is asked to be filled anew; null when they have not
 */
@Internal
public record Copy(
        Role role,
        ShadowDefinition definition,
        String sqlTable,
        long generation,
        @Nullable TableSchema layout,
        @Nullable Release released) {
    /** The SQL schema of all home images. */
    public static final String HOME_SCHEMA = "HOME";

    /** What all caches of copies are called, before what tells them apart. */
    public static final String CACHE_PREFIX = "penumbra-copy-";

    private static final Pattern OUTSIDE = Pattern.compile("[^A-Za-z0-9_]");
    /** Neither a table's plain name nor a datacenter's has a hyphen. */
    private static final Pattern SHADOW_CACHE = Pattern.compile(CACHE_PREFIX + "[^-]+-([^-]+)-[0-9]+(?:-archive)?");

    private static final String ARCHIVE = "-archive";
    private static final Pattern NUMBERED = Pattern.compile("([0-9]{1,18})(?:-archive)?");

    private static final int PLAIN_MAX = 100;
    private static final int DIGEST_BYTES = 16;

    /** The part that a copy plays. */
    public enum Role {
        /** The complete copy in the home datacenter, from which shadows are filled. */
        HOME_IMAGE,
        /** A copy that a user asked for. */
        SHADOW
    }

    /** Why a shadow has given its rows up. */
    public enum Release {
        /** Its time to live is over. */
        EXPIRED(Phase.EXPIRED),
        /** The memory that its datacenter may use does not suffice for it. */
        DISPLACED(Phase.DISPLACED);

        private final Phase phase;

        Release(Phase phase) {
            this.phase = phase;
        }

        /** How a shadow stands then. */
        public Phase phase() {
            return phase;
        }
    }

    public Copy {
        if ((generation == 0) != (layout == null)) {
            throw new IllegalArgumentException("a copy has a layout exactly when it has a generation");
        }
        if (role == Role.HOME_IMAGE
                && !(definition.coverage().isWhole() && definition.ttl().isZero() && !definition.isArchived())) {
            throw new IllegalArgumentException("a home image holds the whole table for ever: " + definition);
        }
        if (released != null && (role == Role.HOME_IMAGE || generation != 0)) {
            throw new IllegalArgumentException("only a shadow without a cache has released its rows");
        }
    }

    /** A copy that has not been filled yet. */
    public Copy(Role role, ShadowDefinition definition, String sqlTable) {
        this(role, definition, sqlTable, 0, null, null);
    }

    /** The table and the datacenter. */
    public ShadowName name() {
        return definition.name();
    }

    /** How its values are stored. */
    public Compression compression() {
        return definition.compression();
    }

    /** How many hot rows each node of the datacenter keeps in its near cache, 0 for no near cache. */
    public int nearRows() {
        return definition.nearRows();
    }

    /** What the answer to a read of it must contain unless the read says otherwise. */
    public Consistency consistency() {
        return definition.consistency();
    }

    /** Which rows of its table it holds; all of them when it is a home image. */
    public Coverage coverage() {
        return definition.coverage();
    }

    /** What tells a copy from all others in the catalogue. */
    public static String id(ShadowName name, Role role) {
        return role.name().toLowerCase(Locale.ROOT) + "/" + name.source() + "/"
                + name.table().quoted() + "/" + name.datacenter();
    }

    /** What tells this copy from all others in the catalogue. */
    public String id() {
        return id(name(), role);
    }

    /**
     * What tells this copy, as it is filled and for as long as its source does not bring the table anew, from what it was before.
     *
     * @param takes how often the source has brought the table since this filling began
     */
    public String filling(long takes) {
        return id() + "/" + generation + "/" + takes;
    }

    /** Whether this is the same filling of the same copy, however its definition has been altered since. */
    public boolean isSameFilling(Copy other) {
        return id().equals(other.id()) && generation == other.generation;
    }

    /** Whether the copy has a cache. */
    public boolean built() {
        return generation > 0;
    }

    /** The layout of a copy that is {@linkplain #built() built}. */
    public TableSchema requiredLayout() {
        if (layout == null) {
            throw new IllegalStateException("copy has no cache yet: " + id());
        }
        return layout;
    }

    /** This copy with another cache, laid out anew. */
    public Copy rebuilt(long nextGeneration, TableSchema nextLayout) {
        return new Copy(role, definition, sqlTable, nextGeneration, nextLayout, null);
    }

    /** This shadow as a user wants it to be now: with its cache where that stays right, otherwise without one. */
    public Copy altered(ShadowDefinition next) {
        boolean same = next.compression() == compression()
                && next.nearRows() == nearRows()
                && next.isArchived() == definition.isArchived()
                && next.coverage().equals(coverage());
        return new Copy(role, next, sqlTable, same ? generation : 0, same ? layout : null, released);
    }

    /** This copy without a cache, to be filled anew. */
    public Copy unbuilt() {
        return new Copy(role, definition, sqlTable);
    }

    /** This shadow without a cache, until it is {@linkplain #unbuilt() asked} to be filled anew. */
    public Copy released(Release why) {
        return new Copy(role, definition, sqlTable, 0, null, why);
    }

    /** The Ignite cache that holds the rows, empty while there is none. */
    public String cacheName() {
        return built() ? cachePrefix() + generation : "";
    }

    /** The Ignite cache that holds what was before each change, empty while there is none, and for a copy that is not archived. */
    public String archiveCacheName() {
        return built() && definition.isArchived() ? cacheName() + ARCHIVE : "";
    }

    /** All its Ignite caches, of which the first holds the rows; none while there are none. */
    public List<String> cacheNames() {
        return !built()
                ? List.of()
                : definition.isArchived() ? List.of(cacheName(), archiveCacheName()) : List.of(cacheName());
    }

    /** The cache that holds the rows of a copy whose archive is in another; null when that is no archive's. */
    public static @Nullable String archivedCache(String cache) {
        return cache.startsWith(CACHE_PREFIX) && cache.endsWith(ARCHIVE)
                ? cache.substring(0, cache.length() - ARCHIVE.length())
                : null;
    }

    /** Whether a cache belonged to this copy in an earlier generation. */
    public boolean isFormer(String cache) {
        String prefix = cachePrefix();
        if (!cache.startsWith(prefix)) {
            return false;
        }
        Matcher number = NUMBERED.matcher(cache.substring(prefix.length()));
        return number.matches() && Long.parseLong(number.group(1)) < generation;
    }

    /** Whether a cache belongs, or belonged, to a shadow in a datacenter. */
    public static boolean isCacheIn(String cache, Datacenter datacenter) {
        Matcher parts = SHADOW_CACHE.matcher(cache);
        return parts.matches() && parts.group(1).equals(datacenter.name());
    }

    private String cachePrefix() {
        return CACHE_PREFIX + plain(sqlTable) + "-" + (role == Role.HOME_IMAGE ? "home-image" : name().datacenter())
                + "-";
    }

    /** The SQL schema in which the table stands. */
    public String sqlSchema() {
        return role == Role.HOME_IMAGE ? HOME_SCHEMA : name().datacenter().shadowSchema();
    }

    /** The SQL schema in which the table of all versions of its rows stands. */
    public String archiveSchema() {
        return name().datacenter().archiveSchema();
    }

    /**
     * The binary type of the values: one per table, layout and compression, because where values are compressed only the
     * type can be seen, not the cache.
     */
    public String valueType() {
        return typePrefix() + "." + compression();
    }

    /** The binary type of composite keys: one per table and layout, so that all copies place a key in one partition. */
    public String keyType() {
        return typePrefix() + ".key";
    }

    /** The binary type of the keys in the archive. */
    String archiveKeyType() {
        return typePrefix() + ".until";
    }

    /** What names the dictionaries of the table in this layout. */
    public String dictionaryName() {
        return typePrefix();
    }

    private String typePrefix() {
        Fingerprint fingerprint = requiredLayout().fingerprint();
        return "penumbra." + name().source() + "." + name().table().quoted() + "." + fingerprint;
    }

    /**
     * A name that can be part of a directory's, since cache names become such. What it cannot have of the table's name is told by a
     * digest: a copy destroys the caches of its own earlier fillings, and no two tables may share a name here.
     */
    private static String plain(String text) {
        // Asked for with every read of the copy.
        String plain = OUTSIDE.matcher(text).replaceAll("_");
        if (plain.equals(text) && plain.length() <= PLAIN_MAX) {
            return plain;
        }
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_16BE));
            return plain.substring(0, Math.min(plain.length(), PLAIN_MAX)) + "."
                    + HexFormat.of().formatHex(digest, 0, DIGEST_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
