internal import Files
internal import VectorMath

/// The bytes of a file of partitions, format 1. Numbers are little-endian; each part begins at a multiple of 64.
///
/// | part | bytes | what |
/// | --- | --- | --- |
/// | header | 64 | see ``PartitionFileLayout/header`` |
/// | tag | | bytes of the owner's |
/// | facts | 128 | how the index is built, where its space lies, what was measured: see `PartitionFacts` |
/// | points | 32·64 | numbers of probes that were measured: probes as uint64, recall, lower and upper end as float64; the rest 0 |
/// | centre | 4·C | of the space, float32: C is D, for inner products D + 1 |
/// | signs | W/2 | of the rotation: 4 rounds of W bits, W is C rounded up to 64 |
/// | centres | 2·W·P | of the partitions, float16 |
/// | lengths | 4·P | the square of each centre's length, float32 |
/// | roots | ⌈P/32⌉ blocks | one-bit codes of the centres: `attune_extended.h` says how |
/// | sizes | 4·P | how many vectors each partition has, uint32 |
/// | table | 8·N, 4·N | all ids ascending, and the partition of each, uint32 |
/// | partitions | | one after the other: codes, kept vectors, ids as uint64, each part from a multiple of 64 on |
/// | pages | 4·…, 4 | CRC-32C of each 65536 bytes before, and of that table |
struct PartitionFileLayout: Equatable, Sendable {
    static let magic = Array("ATTUNEVP".utf8)
    static let version = 1
    static let factsSize = 128

    /// The numbers that all others follow from.
    struct Numbers: Equatable, Sendable {
        var metric: Metric
        var dimension: Int
        var bits: Int
        var vectors: PartitionVectors
        var tagSize: Int
        /// P
        var partitionCount: Int
        /// N
        var idCount: Int
        /// The bytes of all partitions.
        var bodySize: Int
    }

    let numbers: Numbers
    let partitionLayout: PartitionLayout
    let tag: Range<Int>
    let facts: Range<Int>
    let points: Range<Int>
    let centre: Range<Int>
    let signs: Range<Int>
    let centres: Range<Int>
    let lengths: Range<Int>
    let roots: Range<Int>
    let sizes: Range<Int>
    let tableIDs: Range<Int>
    let tablePartitions: Range<Int>
    let bodies: Range<Int>
    let pagesOffset: Int
    let fileSize: Int

    /// Nil where a number is outside its range.
    init?(_ numbers: Numbers) {
        guard (1...IndexFileLayout.maximumDimension).contains(numbers.dimension),
            (0...IndexFileLayout.maximumTagSize).contains(numbers.tagSize),
            (1...1 + ExtendedLayout.mostBits).contains(numbers.bits),
            // A centre has at most some 130 KB, a vector some 400: nothing overflows.
            (0...2 * PartitionSettings.mostPartitions).contains(numbers.partitionCount),
            (0..<1 << 40).contains(numbers.idCount), (0..<1 << 60).contains(numbers.bodySize),
            numbers.bodySize % 64 == 0
        else { return nil }
        self.numbers = numbers
        let dimension = numbers.dimension
        partitionLayout = PartitionLayout(
            dimension: dimension, metric: numbers.metric,
            settings: PartitionSettings(bits: numbers.bits, vectors: numbers.vectors))
        let codes = partitionLayout.codes
        var end = PagedFile.headerSize
        func part(_ size: Int) -> Range<Int> {
            let start = IndexFileLayout.aligned(end)
            end = start + size
            return start..<end
        }
        tag = part(numbers.tagSize)
        facts = part(Self.factsSize)
        points = part(RecallCalibration.fileRoom * RecallCalibration.pointSize)
        centre = part(4 * GraphSpace.coordinates(dimension: dimension, metric: numbers.metric))
        signs = part(RandomRotation.signCount(width: codes.width))
        centres = part(2 * codes.width * numbers.partitionCount)
        lengths = part(4 * numbers.partitionCount)
        roots = part(codes.blocks(numbers.partitionCount) * codes.blockSize)
        sizes = part(4 * numbers.partitionCount)
        tableIDs = part(8 * numbers.idCount)
        tablePartitions = part(4 * numbers.idCount)
        bodies = part(numbers.bodySize)
        pagesOffset = IndexFileLayout.aligned(end)
        fileSize = pagesOffset + PagedFile.tableSize(pagesOffset: pagesOffset)
    }

    /// The first 64 bytes of the file.
    ///
    /// | offset | bytes | what |
    /// | --- | --- | --- |
    /// | 0 | 8 | `ATTUNEVP` |
    /// | 8 | 2, 2 | format, bits of a code |
    /// | 12 | 1, 1, 1, 1 | metric, kept vectors (0 none, 1 float16, 2 float32), 0, 16: a page has 2 to its power bytes |
    /// | 16 | 4, 4, 4, 4 | D, bytes of the tag, P, 0 |
    /// | 32 | 8, 8, 8 | N, bytes of the partitions, bytes of the whole file |
    /// | 56 | 4, 4 | 0, CRC-32C of the 60 bytes before |
    var header: [UInt8] {
        var bytes = Self.magic
        bytes.append(littleEndian: UInt16(Self.version))
        bytes.append(littleEndian: UInt16(numbers.bits))
        bytes.append(littleEndian: UInt8(numbers.metric.code))
        bytes.append(littleEndian: UInt8(PartitionVectors.allCases.firstIndex(of: numbers.vectors) ?? 0))
        bytes.append(littleEndian: UInt8(0))
        bytes.append(littleEndian: UInt8(PagedFile.pageShift))
        bytes.append(littleEndian: UInt32(numbers.dimension))
        bytes.append(littleEndian: UInt32(numbers.tagSize))
        bytes.append(littleEndian: UInt32(numbers.partitionCount))
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: UInt64(numbers.idCount))
        bytes.append(littleEndian: UInt64(numbers.bodySize))
        bytes.append(littleEndian: UInt64(fileSize))
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: bytes.withUnsafeBytes { crc32c($0) })
        return bytes
    }

    /// Reads the header of a file and holds it against the file's real size.
    init(reading bytes: UnsafeRawBufferPointer, path: String) throws(VectorIndexError) {
        let header = try PagedFile.header(of: bytes, letters: Self.magic, path: path)
        let version = Int(header.littleEndian(UInt16.self, at: 8))
        guard version == Self.version else {
            throw .unsupportedVersion(path: path, found: version, supported: Self.version)
        }
        guard let metric = Metric(code: UInt32(header[12])), Int(header[13]) < PartitionVectors.allCases.count,
            let idCount = Int(exactly: header.littleEndian(UInt64.self, at: 32)),
            let bodySize = Int(exactly: header.littleEndian(UInt64.self, at: 40)),
            let layout = PartitionFileLayout(
                Numbers(
                    metric: metric, dimension: Int(header.littleEndian(UInt32.self, at: 16)),
                    bits: Int(header.littleEndian(UInt16.self, at: 10)),
                    vectors: PartitionVectors.allCases[Int(header[13])],
                    tagSize: Int(header.littleEndian(UInt32.self, at: 20)),
                    partitionCount: Int(header.littleEndian(UInt32.self, at: 24)), idCount: idCount,
                    bodySize: bodySize)),
            layout.header.elementsEqual(header)
        else { throw .damaged(path: path, reason: "its header holds impossible numbers") }
        guard layout.fileSize == bytes.count else {
            throw .wrongSize(path: path, expected: layout.fileSize, found: bytes.count)
        }
        self = layout
    }
}
