internal import Files
internal import Synchronization
internal import VectorMath

/// A graph's file in memory. What is as large as the graph is checked page by page, when it is first touched; the rest when the file is
/// opened.
final class GraphFile: @unchecked Sendable {
    let layout: GraphFileLayout
    let facts: GraphFacts
    let tag: [UInt8]
    private let pages: PagedFile
    private let tableIsChecked = Atomic(false)
    var path: String { pages.path }

    init(path: String) throws(VectorIndexError) {
        let mapped = try filing { () throws(FilesError) in try MappedFile(path: path, access: .random) }
        let bytes = UnsafeRawBufferPointer(start: mapped.baseAddress, count: mapped.count)
        let layout = try GraphFileLayout(reading: bytes, path: path)
        self.layout = layout
        pages = try PagedFile(mapped, pagesOffset: layout.pagesOffset)
        try pages.check(0..<layout.live.upperBound)
        try pages.check(layout.twins)
        tag = Array(bytes[layout.tag])
        func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }
        guard let facts = GraphFacts(part(layout.facts), points: part(layout.points)),
            facts.space != nil || layout.numbers.vertexEnd == 0
        else { throw .damaged(path: path, reason: "it says impossible things of how it was made") }
        self.facts = facts
    }

    // MARK: Content

    private func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: pages.bytes[range])
    }

    private func words(_ range: Range<Int>) -> [UInt32] {
        let part = part(range)
        return (0..<range.count / 4).map { part.littleEndian(UInt32.self, at: 4 * $0) }
    }

    /// What a snapshot of the file consists of.
    func state() throws(VectorIndexError) -> GraphState {
        let numbers = layout.numbers
        var state = GraphState(
            metric: numbers.metric, dimension: numbers.dimension,
            settings: GraphSettings(
                profile: numbers.profile, degree: numbers.degree, buildBeam: facts.buildBeam,
                refinements: facts.refinements, keepsVectors: numbers.keepsVectors, seed: facts.seed))
        state.file = self
        state.space = try facts.space.map { (space) throws(VectorIndexError) in
            try pages.space(
                space, metric: numbers.metric, dimension: numbers.dimension, centre: layout.centre, signs: layout.signs)
        }
        state.calibration = facts.calibration
        state.live = words(layout.live)
        state.vertexEnd = numbers.vertexEnd
        state.vertexCount = state.live.reduce(0) { $0 + $1.nonzeroBitCount }
        state.entryVertices = words(layout.entries)
        try read(into: &state)
        guard state.vertexCount == numbers.idCount - numbers.twinCount,
            (numbers.vertexEnd..<32 * state.live.count).allSatisfy({ !state.isLive(UInt32($0)) }),
            state.entryVertices.allSatisfy({ Int($0) < numbers.vertexEnd && state.isLive($0) }),
            state.entryVertices.isEmpty == (state.vertexCount == 0)
        else { throw damaged("its vertices, ids and entries contradict one another") }
        return state
    }

    private func read(into state: inout GraphState) throws(VectorIndexError) {
        let numbers = layout.numbers
        var entries = Matrix<UInt8>(rows: 1, columns: layout.entryCodes.count)
        entries.setRow(0, to: Array(part(layout.entryCodes)))
        state.entries = entries
        let twins = part(layout.twins)
        for index in 0..<numbers.twinCount {
            let vertex = twins.littleEndian(UInt64.self, at: 16 * index)
            guard vertex < numbers.vertexEnd, state.isLive(UInt32(vertex)) else {
                throw damaged("a vertex that is not there has several ids")
            }
            state.twins[UInt32(vertex), default: []].append(twins.littleEndian(UInt64.self, at: 16 * index + 8))
        }
        let base = pages.base
        let size = RowStore.vectorSize(dimension: numbers.dimension)
        state.rows = RowStore(
            base + layout.rows.lowerBound, rowSize: layout.rowLayout.rowSize, count: numbers.vertexEnd, owner: self)
        state.ids = RowStore(base + layout.ids.lowerBound, rowSize: 8, count: numbers.vertexEnd, owner: self)
        if numbers.keepsVectors {
            state.vectors = RowStore(
                base + layout.vectors.lowerBound, rowSize: size, count: numbers.vertexEnd, owner: self)
        }
        state.table = VertexTable(
            FiledIDs(
                ids: IDTable(
                    base: (base + layout.tableIDs.lowerBound).assumingMemoryBound(to: UInt64.self),
                    count: numbers.idCount, owner: self),
                vertices: (base + layout.tableVertices.lowerBound).assumingMemoryBound(to: UInt32.self)))
    }

    func damaged(_ reason: String) -> VectorIndexError { .damaged(path: path, reason: reason) }

    // MARK: Checking

    /// For C: a bit for each page that was found intact.
    var checkedWords: UnsafeRawPointer { pages.checkedWords }

    func check(row vertex: UInt32) throws(VectorIndexError) { try pages.check(layout.bytes(ofRow: vertex)) }

    func check(vector vertex: UInt32) throws(VectorIndexError) { try pages.check(layout.bytes(ofVector: vertex)) }

    func check(id vertex: UInt32) throws(VectorIndexError) { try pages.check(layout.bytes(ofID: vertex)) }

    /// Makes sure that the table of ids is as it was written, ascends and names vertices of the graph.
    func checkTable() throws(VectorIndexError) {
        if tableIsChecked.load(ordering: .acquiring) { return }
        try pages.checkTable(
            ids: layout.tableIDs, owners: layout.tableVertices, ownerEnd: layout.numbers.vertexEnd,
            otherwise: "that of a vertex that is not there")
        tableIsChecked.store(true, ordering: .releasing)
    }

    /// Reads every byte anew.
    func checkAll() throws(VectorIndexError) {
        tableIsChecked.store(false, ordering: .relaxed)
        try pages.checkAll()
        try checkTable()
    }
}
