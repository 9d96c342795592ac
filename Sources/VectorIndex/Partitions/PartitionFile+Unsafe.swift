internal import Files
internal import Synchronization
internal import VectorMath

/// A file of partitions in memory. What is as large as the index is checked when it is first touched; the rest when the file is opened.
final class PartitionFile: @unchecked Sendable {
    let layout: PartitionFileLayout
    let facts: PartitionFacts
    let tag: [UInt8]
    private let pages: PagedFile
    private let sizes: [Int]
    private let starts: [Int]
    private let tableIsChecked = Atomic(false)
    /// A byte for each partition, 1 where it was found intact.
    private let checked: UnsafeMutablePointer<Atomic<UInt8>>
    var path: String { pages.path }

    init(path: String) throws(VectorIndexError) {
        let mapped = try filing { () throws(FilesError) in try MappedFile(path: path, access: .random) }
        let bytes = UnsafeRawBufferPointer(start: mapped.baseAddress, count: mapped.count)
        let layout = try PartitionFileLayout(reading: bytes, path: path)
        self.layout = layout
        pages = try PagedFile(mapped, pagesOffset: layout.pagesOffset)
        try pages.check(0..<layout.sizes.upperBound)
        tag = Array(bytes[layout.tag])
        func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }
        let numbers = layout.numbers
        guard let facts = PartitionFacts(part(layout.facts), points: part(layout.points)),
            facts.space != nil || numbers.partitionCount == 0
        else { throw .damaged(path: path, reason: "it says impossible things of how it was made") }
        self.facts = facts
        sizes = (0..<numbers.partitionCount).map {
            Int(part(layout.sizes).littleEndian(UInt32.self, at: 4 * $0))
        }
        var (starts, end, count) = ([Int](), 0, 0)
        for size in sizes {
            starts.append(layout.bodies.lowerBound + end)
            end += layout.partitionLayout.size(size)
            count += size
        }
        self.starts = starts
        guard end == numbers.bodySize, count == numbers.idCount else {
            throw .damaged(path: path, reason: "its partitions do not fill it")
        }
        checked = .allocate(capacity: max(1, numbers.partitionCount))
        for index in 0..<numbers.partitionCount { (checked + index).initialize(to: Atomic(0)) }
    }

    deinit {
        checked.deinitialize(count: layout.numbers.partitionCount)
        checked.deallocate()
    }

    // MARK: Content

    private func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: pages.bytes[range])
    }

    private func floats(_ range: Range<Int>) -> [Float] {
        let part = part(range)
        return (0..<range.count / 4).map { Float(bitPattern: part.littleEndian(UInt32.self, at: 4 * $0)) }
    }

    /// What a snapshot of the file consists of.
    func state() throws(VectorIndexError) -> PartitionState {
        let numbers = layout.numbers
        var state = PartitionState(
            metric: numbers.metric, dimension: numbers.dimension,
            settings: PartitionSettings(
                partitions: facts.partitions, bits: numbers.bits, vectors: numbers.vectors, seed: facts.seed))
        state.file = self
        state.space = try facts.space.map { (space) throws(VectorIndexError) in
            try pages.space(
                space, metric: numbers.metric, dimension: numbers.dimension, centre: layout.centre, signs: layout.signs)
        }
        state.calibration = facts.calibration
        state.clusteredCount = facts.clusteredCount
        state.centres = try centres()
        // Nobody writes what a file has.
        let base = UnsafeMutableRawPointer(mutating: pages.base).assumingMemoryBound(to: UInt8.self)
        state.setBodies(
            zip(starts, sizes).map {
                PartitionBody(base + $0, count: $1, layout: layout.partitionLayout, owner: self)
            })
        state.table = VertexTable(
            FiledIDs(
                ids: IDTable(
                    base: (pages.base + layout.tableIDs.lowerBound).assumingMemoryBound(to: UInt64.self),
                    count: numbers.idCount, owner: self),
                vertices: (pages.base + layout.tablePartitions.lowerBound).assumingMemoryBound(to: UInt32.self)))
        return state
    }

    private func centres() throws(VectorIndexError) -> PartitionCentres {
        let (count, width) = (layout.numbers.partitionCount, layout.partitionLayout.codes.width)
        var halves = Matrix<Float16>(uninitializedRows: count, columns: width)
        halves.withUnsafeMutablePointer { halves in
            UnsafeMutableRawBufferPointer(start: halves, count: 2 * count * width).copyMemory(
                from: part(layout.centres))
        }
        var roots = Matrix<UInt8>(rows: 1, columns: max(1, layout.roots.count))
        roots.withUnsafeMutablePointer { roots in
            UnsafeMutableRawBufferPointer(start: roots, count: layout.roots.count).copyMemory(from: part(layout.roots))
        }
        let lengths = floats(layout.lengths)
        guard lengths.allSatisfy({ $0.isFinite && $0 >= 0 }) else { throw damaged("its centres are not finite") }
        return PartitionCentres(width: width, halves: halves, lengths: lengths, roots: roots)
    }

    func damaged(_ reason: String) -> VectorIndexError { .damaged(path: path, reason: reason) }

    // MARK: Checking

    /// Makes sure that a partition is as it was written.
    func check(partition: Int) throws(VectorIndexError) {
        if checked[partition].load(ordering: .relaxed) == 1 { return }
        try pages.check(starts[partition]..<starts[partition] + layout.partitionLayout.size(sizes[partition]))
        checked[partition].store(1, ordering: .relaxed)
    }

    /// Makes sure that the table of ids is as it was written, ascends and names partitions of the index.
    func checkTable() throws(VectorIndexError) {
        if tableIsChecked.load(ordering: .acquiring) { return }
        try pages.checkTable(
            ids: layout.tableIDs, owners: layout.tablePartitions, ownerEnd: layout.numbers.partitionCount,
            otherwise: "in a partition that is not there")
        tableIsChecked.store(true, ordering: .releasing)
    }

    /// Reads every byte anew.
    func checkAll() throws(VectorIndexError) {
        tableIsChecked.store(false, ordering: .relaxed)
        for index in sizes.indices { checked[index].store(0, ordering: .relaxed) }
        try pages.checkAll()
        try checkTable()
    }
}
