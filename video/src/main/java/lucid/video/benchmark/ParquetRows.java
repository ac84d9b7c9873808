package lucid.video.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hardwood.InputFile;
import dev.hardwood.metadata.CompressionCodec;
import dev.hardwood.metadata.LogicalType;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqStruct;
import dev.hardwood.row.StructAccessor;
import dev.hardwood.schema.SchemaNode;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import lucid.video.data.DataException;
import lucid.video.data.DataText;

/// The rows of a Parquet table, each as the object that a file of JSON lines would have for it.
final class ParquetRows {
    /// What is decompressed: the hub's tables are SNAPPY, which needs a jar of its own; ZSTD and the others would each need another.
    private static final Set<CompressionCodec> CODECS = EnumSet.of(CompressionCodec.UNCOMPRESSED, CompressionCodec.SNAPPY, CompressionCodec.GZIP);
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    // The library reports which decoders it has chosen. Held here: a logger that nobody holds forgets its level.
    private static final Logger LIBRARY = Logger.getLogger("dev.hardwood");

    static {
        LIBRARY.setLevel(Level.WARNING);
    }

    private ParquetRows() {}

    static List<Row> read(Path file) {
        if (!Files.isRegularFile(file))
            throw new DataException(file, 0, "", (Files.exists(file) ? "found a folder" : "no such file") + ", wanted a Parquet table");
        List<Row> rows = new ArrayList<>();
        try (ParquetFileReader table = ParquetFileReader.open(Ranges.of(file))) {
            refuseCodecs(file, table);
            List<String> unsigned = unsigned(table);
            try (RowReader reader = table.rowReader()) {
                while (reader.hasNext()) {
                    reader.next();
                    ObjectNode row = object(reader);
                    for (String column : unsigned) if (row.has(column)) row.set(column, unsigned(row.get(column)));
                    rows.add(new Row(file, 0, rows.size() + 1, row));
                }
            }
        } catch (DataException e) {
            throw e;
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            // A damaged page may claim any size.
            throw new DataException(file, 0, "", "no whole Parquet table (" + reason(e) + (rows.isEmpty() ? "" : ", after row " + rows.size())
                    + "), wanted one; copy the file again");
        }
        return rows;
    }

    private static void refuseCodecs(Path file, ParquetFileReader table) {
        table.getFileMetaData().rowGroups().stream().flatMap(group -> group.columns().stream()).map(column -> column.metaData())
                .filter(column -> !CODECS.contains(column.codec())).findFirst().ifPresent(column -> {
                    throw new DataException(file, 0, column.pathInSchema().topLevelName(), "found compression " + column.codec() + ", wanted one of "
                            + CODECS + "; " + DataText.asJsonLines(file));
                });
    }

    // Of numbers without a sign the library (1.0.0.Final) gives the bits.
    private static List<String> unsigned(ParquetFileReader table) {
        return table.getFileSchema().getRootNode().children().stream().filter(column -> column instanceof SchemaNode.PrimitiveNode primitive
                && primitive.logicalType() instanceof LogicalType.IntType number && !number.isSigned()).map(SchemaNode::name).toList();
    }

    private static JsonNode unsigned(JsonNode bits) {
        if (bits.isLong()) return NODES.numberNode(new BigInteger(Long.toUnsignedString(bits.longValue())));
        return bits.isInt() ? NODES.numberNode(Integer.toUnsignedLong(bits.intValue())) : bits;
    }

    // What went wrong first says most. Messages begin with the file's name in brackets, which is said already.
    private static String reason(Throwable e) {
        while (e.getCause() != null) e = e.getCause();
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage().replaceFirst("^\\[[^]]*] ", "");
    }

    private static ObjectNode object(StructAccessor struct) {
        ObjectNode node = NODES.objectNode();
        for (int i = 0; i < struct.getFieldCount(); i++) if (!struct.isNull(i)) node.set(struct.getFieldName(i), node(struct.getValue(i)));
        return node;
    }

    private static JsonNode node(Object value) {
        return switch (value) {
            case null -> NODES.nullNode();
            case String s -> NODES.textNode(s);
            case Boolean b -> NODES.booleanNode(b);
            case Byte n -> NODES.numberNode(n);
            case Short n -> NODES.numberNode(n);
            case Integer n -> NODES.numberNode(n);
            case Long n -> NODES.numberNode(n);
            case Float n -> NODES.numberNode(n);
            case Double n -> NODES.numberNode(n);
            case PqStruct s -> object(s);
            case PqList l -> {
                ArrayNode array = NODES.arrayNode();
                l.values().forEach(element -> array.add(node(element)));
                yield array;
            }
            // Bytes, times and the like are no part of a question; a column that should be one is refused as this.
            default -> NODES.objectNode().put("type", value.getClass().getSimpleName());
        };
    }

    /// The file's bytes, in memory: the library's own view is a mapped file, which its threads may still read when it was closed, and a file that is
    /// overwritten meanwhile ends the process. Of a page that claims to be longer than what is left of its column, the library (1.0.0.Final) asks for
    /// the rest, which is nothing, for ever.
    private record Ranges(String name, ByteBuffer bytes) implements InputFile {
        static Ranges of(Path file) throws IOException {
            byte[] all = Files.readAllBytes(file);
            return new Ranges(file.toString(), ByteBuffer.allocateDirect(all.length).put(0, all));
        }

        @Override public ByteBuffer readRange(long from, int length) throws IOException {
            if (length == 0) throw new IOException("a page goes beyond its column at byte " + from);
            if (from < 0 || length < 0 || from > bytes.capacity() - length)
                throw new IOException("bytes " + from + " to " + (from + length) + " are beyond the file's " + bytes.capacity());
            return bytes.slice((int) from, length);
        }

        @Override public void open() {}

        @Override public long length() { return bytes.capacity(); }

        @Override public void close() {}
    }
}
