internal import VectorMath

/// The bytes of an index file, formats 1 to 3: 2 has codes beside the vectors, 3 vectors that are not float32. Numbers are little-endian.
///
/// | offset | bytes | what |
/// | --- | --- | --- |
/// | 0 | 8 | `ATTUNEVI` |
/// | 8 | 4 | format: 1, 2 or 3 |
/// | 12 | 4 | metric: 0 cosine, 1 inner product, 2 squared L2 |
/// | 16 | 4 | D, 1...65536 |
/// | 20 | 4 | bytes of the tag, at most 65536 |
/// | 24 | 8 | N |
/// | 32 | 8 | bytes of the whole file |
/// | 40 | 4 | codes: 0 none (formats 1 and 3), 1 one bit a coordinate (formats 2 and 3) |
/// | 44 | 4 | storage: 0 float32 (formats 1 and 2), 1 bfloat16, 2 bytes (format 3) |
/// | 48 | 8 | 0 |
/// | 56 | 4 | bytes of a page: 65536 |
/// | 60 | 4 | CRC-32C of bytes 0..<60, in every format |
/// | 64 | | the tag: bytes of the owner's |
/// | ids | 8·N | ids, ascending; `ids` is where the tag ends, rounded up to 64 |
/// | vectors | R·N | rows; `vectors` is where the ids end, rounded up to 64. float32: R = 4·S, S = D rounded up to 16, filled with 0 |
/// | | | bfloat16: R = 2·D rounded up to 64, filled with 0 |
/// | | | bytes: D bytes, filled with 0 to a multiple of 8, then float32 step and lowest value (``VectorStorage/int8``) |
/// | encoding | 64 | where there are codes; `encoding` is where the rows end, rounded up to 64: float32 scale, the width W of a code (D rounded up to 64), bytes of a block, CRC-32C of the signs, 0 |
/// | | 4·S | the centre, float32, filled with 0 |
/// | | W/2 | the signs of the rotation: 4 rounds of W bits |
/// | blocks | B·⌈N/32⌉ | blocks of 32 codes, `attune_codes.h` says how; `blocks` is where the signs end, rounded up to 64 |
/// | pages | 4·P | CRC-32C of each page of the bytes before, the header included; the last page may be short |
/// | | 4 | CRC-32C of that table |
struct IndexFileLayout: Equatable, Sendable {
    static let magic = Array("ATTUNEVI".utf8)
    /// The latest format.
    static let version = 3
    static let maximumDimension = 65536
    static let maximumTagSize = 65536

    let metric: Metric
    let dimension: Int
    let storage: VectorStorage
    let tagSize: Int
    let count: Int
    let idsOffset: Int
    let vectorsOffset: Int
    /// Whether there are codes.
    let hasCodes: Bool
    let encodingOffset: Int
    let blocksOffset: Int
    let pagesOffset: Int
    let fileSize: Int

    /// S: D rounded up.
    var stride: Int { Self.stride(dimension) }
    /// R: the bytes from one row to the next.
    var rowSize: Int { storage.rowSize(dimension: dimension) }
    var version: Int { storage != .float32 ? 3 : hasCodes ? 2 : 1 }
    /// What the codes are made for.
    var codedMetric: Metric { storage.codedMetric(metric) }

    static func stride(_ dimension: Int) -> Int { (dimension + 15) / 16 * 16 }

    /// Nil where a number is outside its range or the file would exceed what an Int counts.
    init?(
        metric: Metric, dimension: Int, storage: VectorStorage = .float32, tagSize: Int, count: Int,
        hasCodes: Bool = false
    ) {
        guard (1...Self.maximumDimension).contains(dimension), (0...Self.maximumTagSize).contains(tagSize) else {
            return nil
        }
        // A row is at most 256 KiB, its code 9 KiB and an id 8 bytes: below this count nothing overflows.
        guard (0...Int.max / (1 << 20)).contains(count) else { return nil }
        self.metric = metric
        self.dimension = dimension
        self.storage = storage
        self.tagSize = tagSize
        self.count = count
        idsOffset = Self.aligned(PagedFile.headerSize + tagSize)
        vectorsOffset = Self.aligned(idsOffset + 8 * count)
        self.hasCodes = hasCodes
        encodingOffset = Self.aligned(vectorsOffset + storage.rowSize(dimension: dimension) * count)
        let width = RandomRotation.width(dimension: dimension)
        blocksOffset = Self.aligned(
            encodingOffset + PagedFile.headerSize + 4 * Self.stride(dimension) + RandomRotation.signCount(width: width))
        let blockSize = CodeEncoding.blockSize(metric: storage.codedMetric(metric), dimension: dimension)
        pagesOffset = hasCodes ? blocksOffset + CodeEncoding.blockCount(count) * blockSize : encodingOffset
        fileSize = pagesOffset + PagedFile.tableSize(pagesOffset: pagesOffset)
    }

    /// The file's bytes that hold these rows.
    func bytes(ofRows rows: Range<Int>) -> Range<Int> {
        let size = rowSize
        return vectorsOffset + rows.lowerBound * size..<vectorsOffset + rows.upperBound * size
    }

    /// The file's bytes that hold the codes of these rows.
    func bytes(ofCodes rows: Range<Int>) -> Range<Int> {
        let size = CodeEncoding.blockSize(metric: codedMetric, dimension: dimension)
        let last = CodeEncoding.blockCount(rows.upperBound)
        return blocksOffset + rows.lowerBound / CodeKernels.blockCount * size..<blocksOffset + last * size
    }

    /// The rounding of offsets.
    static func aligned(_ offset: Int) -> Int { (offset + 63) / 64 * 64 }
}

extension Metric {
    /// The number that stands for the metric in a file.
    var code: UInt32 {
        switch self {
        case .cosine: 0
        case .innerProduct: 1
        case .squaredL2: 2
        }
    }

    init?(code: UInt32) {
        guard let metric = Metric.allCases.first(where: { $0.code == code }) else { return nil }
        self = metric
    }
}
