internal import VectorMath

/// The bytes of a graph's file, format 1. Numbers are little-endian; each part begins at a multiple of 64.
///
/// | part | bytes | what |
/// | --- | --- | --- |
/// | header | 64 | see ``GraphFileLayout/header`` |
/// | tag | | bytes of the owner's |
/// | facts | 128 | how the graph is built, where its space lies, what was measured: see `GraphFacts` |
/// | points | 32·64 | beams that were measured: beam as uint64, recall, lower and upper end as float64; the rest 0 |
/// | centre | 4·C | of the space, float32: C is D, for inner products D + 1 |
/// | signs | W/2 | of the rotation: 4 rounds of W bits, W is C rounded up to 64 |
/// | entries | 4·E | vertices that searches begin with, uint32 |
/// | entry codes | ⌈E/32⌉ lists | of these, as in a row |
/// | live | 4·⌈(N+1)/32⌉ | a bit for each vertex that is in use |
/// | ids | 8·N | one id of each vertex |
/// | twins | 16·T | further ids: vertex, id, both uint64, ascending |
/// | table | 8·I, 4·I | all ids ascending, and the vertex of each, uint32 |
/// | rows | R·N | the rows of the vertices: `attune_graph.h` says how |
/// | vectors | 4·S·N | where they are kept: float32 rows of S = D rounded up to 16 |
/// | pages | 4·P, 4 | CRC-32C of each 65536 bytes before, and of that table |
struct GraphFileLayout: Equatable, Sendable {
    static let magic = Array("ATTUNEVG".utf8)
    static let version = 1
    static let factsSize = 128
    static let mostEntries = 4096

    /// The numbers that all others follow from.
    struct Numbers: Equatable, Sendable {
        var metric: Metric
        var dimension: Int
        var degree: Int
        var profile: GraphProfile
        var keepsVectors: Bool
        var tagSize: Int
        /// N
        var vertexEnd: Int
        /// I
        var idCount: Int
        /// T
        var twinCount: Int
        /// E
        var entryCount: Int
    }

    let numbers: Numbers
    let rowLayout: GraphRowLayout
    let tag: Range<Int>
    let facts: Range<Int>
    let points: Range<Int>
    let centre: Range<Int>
    let signs: Range<Int>
    let entries: Range<Int>
    let entryCodes: Range<Int>
    let live: Range<Int>
    let ids: Range<Int>
    let twins: Range<Int>
    let tableIDs: Range<Int>
    let tableVertices: Range<Int>
    let rows: Range<Int>
    let vectors: Range<Int>
    let pagesOffset: Int
    let fileSize: Int

    /// Nil where a number is outside its range.
    init?(_ numbers: Numbers) {
        guard (1...IndexFileLayout.maximumDimension).contains(numbers.dimension),
            (0...IndexFileLayout.maximumTagSize).contains(numbers.tagSize),
            (1...32).contains(numbers.degree / GraphRowLayout.blockCount),
            numbers.degree % GraphRowLayout.blockCount == 0,
            // A row is at most some 10 MB: nothing overflows.
            (0..<1 << 31).contains(numbers.vertexEnd), (0..<1 << 40).contains(numbers.idCount),
            (0...numbers.idCount).contains(numbers.twinCount), numbers.idCount - numbers.twinCount <= numbers.vertexEnd,
            (0...min(Self.mostEntries, numbers.vertexEnd)).contains(numbers.entryCount)
        else { return nil }
        self.numbers = numbers
        let dimension = numbers.dimension
        rowLayout = GraphSpace.layout(
            dimension: dimension, metric: numbers.metric,
            settings: GraphSettings(profile: numbers.profile, degree: numbers.degree))
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
        signs = part(RandomRotation.signCount(width: rowLayout.width))
        entries = part(4 * numbers.entryCount)
        entryCodes = part(
            (numbers.entryCount + GraphRowLayout.blockCount - 1) / GraphRowLayout.blockCount * rowLayout.listSize)
        live = part(4 * (numbers.vertexEnd / 32 + 1))
        ids = part(8 * numbers.vertexEnd)
        twins = part(16 * numbers.twinCount)
        tableIDs = part(8 * numbers.idCount)
        tableVertices = part(4 * numbers.idCount)
        rows = part(rowLayout.rowSize * numbers.vertexEnd)
        vectors = part(numbers.keepsVectors ? RowStore.vectorSize(dimension: dimension) * numbers.vertexEnd : 0)
        pagesOffset = IndexFileLayout.aligned(end)
        fileSize = pagesOffset + PagedFile.tableSize(pagesOffset: pagesOffset)
    }

    /// The file's bytes of a vertex's row.
    func bytes(ofRow vertex: UInt32) -> Range<Int> {
        let start = rows.lowerBound + Int(vertex) * rowLayout.rowSize
        return start..<start + rowLayout.rowSize
    }

    /// The file's bytes of a vertex's kept vector.
    func bytes(ofVector vertex: UInt32) -> Range<Int> {
        let size = RowStore.vectorSize(dimension: numbers.dimension)
        let start = vectors.lowerBound + Int(vertex) * size
        return start..<start + size
    }

    /// The file's bytes of a vertex's id.
    func bytes(ofID vertex: UInt32) -> Range<Int> {
        let start = ids.lowerBound + 8 * Int(vertex)
        return start..<start + 8
    }
}
