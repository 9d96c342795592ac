internal import VectorMath

/// One query's search through a run of a segment's rows by their codes.
///
/// A first threshold is the K-th best of a sample that is spread over the run, whatever the order of the rows. Rows that their
/// codes do not rule out wait, each with how far it reaches by its estimate. The best of them are scored exactly and
/// tighten the threshold; at the end all that still wait are scored. What is found depends on query, rows and K alone.
final class CodedSearch {
    /// Blocks that a threshold is first made from, if they are not more than a share of all.
    private static let sampleBlocks = 64
    private static let sampleShare = 8
    /// Rows whose codes stay in the core's cache while a tile of queries passes.
    private static let stretch = 4096
    /// Rows that are scored at once, at least, before a threshold is looked at anew: while it still moves, and in the end.
    private static let smallBatch = 8
    private static let batch = 32

    private let segment: VectorSegment
    private let codes: SegmentCodes
    private let eligible: PositionSet?
    private let vectors: StoredVectors
    private let query: UnsafePointer<Float>
    private let metric: Metric
    private let run: Range<Int>
    private var start: Int { run.lowerBound }
    private var coded: CodedQuery
    private(set) var best: TopNeighbours
    /// No key below it is among the best.
    private var floor = -Float.infinity

    /// Rows that wait, from `start`, and how far they reach.
    private var rows: UnsafeMutablePointer<UInt32>
    private var reaches: UnsafeMutablePointer<Float>
    private var capacity: Int
    private var waiting = 0

    /// - Parameters:
    ///   - query: `[D]`, valid as long as the search.
    ///   - run: The rows, from a multiple of 64 on.
    ///   - limit: K.
    init(
        _ query: UnsafePointer<Float>, segment: VectorSegment, codes: SegmentCodes, eligible: PositionSet?,
        run: Range<Int>, limit: Int
    ) {
        precondition(run.lowerBound % 64 == 0, "a run that begins within a block")
        self.segment = segment
        self.codes = codes
        self.eligible = eligible
        vectors = segment.vectors
        self.query = query
        metric = codes.encoding.metric
        self.run = run
        coded = CodedQuery(query, encoding: codes.encoding)
        best = TopNeighbours(limit: limit)
        capacity = 2 * Self.stretch
        rows = .allocate(capacity: capacity)
        reaches = .allocate(capacity: capacity)
    }

    deinit {
        rows.deallocate()
        reaches.deallocate()
    }

    /// How a run is cut.
    static func stretches(_ rows: Range<Int>) -> [Range<Int>] {
        Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: stretch).map {
            $0..<min(rows.upperBound, $0 + stretch)
        }
    }

    // MARK: Nearest

    /// Finds a first threshold.
    func sample() throws(VectorIndexError) {
        let blockCount = CodeKernels.blockCount
        let blocks = (run.count + blockCount - 1) / blockCount
        let count = min(max(Self.sampleBlocks, 4 * best.limit / blockCount), blocks / Self.sampleShare)
        guard count > 0 else { return }
        coded.ask(for: -.infinity)
        for index in 0..<count {
            let first = start + (2 * index + 1) * blocks / (2 * count) * blockCount
            let rows = first..<min(run.upperBound, first + blockCount)
            try segment.check(codesOf: rows)
            gather(rows)
        }
        // What is scored here will be found again.
        try score(select(best.limit, among: waiting))
        floor = best.threshold
        best = TopNeighbours(limit: best.limit)
        waiting = 0
    }

    /// Looks at the codes of a stretch, which are checked, and scores what is likely to be among the best.
    func scan(_ stretch: Range<Int>) throws(VectorIndexError) {
        coded.ask(for: threshold)
        // Of those that waited before, none reaches the threshold by its estimate.
        let old = waiting
        gather(stretch)
        if threshold == -.infinity {
            guard waiting >= best.limit else { return }
            try score(select(best.limit, among: waiting))
            coded.ask(for: threshold)
        }
        // The best estimates first: after them fewer reach the threshold.
        while true {
            let reaching = selectReaching(from: min(old, waiting))
            let count = min(reaching, max(best.limit, Self.smallBatch, reaching / 8))
            try score(select(count, among: reaching))
            coded.ask(for: threshold)
            if count == reaching { break }
        }
        sift(from: min(old, waiting))
    }

    /// Scores all that still wait and are not ruled out.
    func finish() throws(VectorIndexError) {
        sift(from: 0)
        while waiting > 0 {
            try score(select(max(Self.batch, waiting / 8), among: waiting))
            sift(from: 0)
        }
    }

    // MARK: Within a radius

    /// Adds the rows of a stretch whose keys reach a threshold.
    func scan(
        _ stretch: Range<Int>, from threshold: Float, into entries: inout [TopNeighbours.Entry]
    ) throws(VectorIndexError) {
        coded.ask(for: threshold)
        gather(stretch)
        for index in 0..<waiting {
            let row = start + Int(rows[index])
            let key = try key(row)
            if key >= threshold { entries.append(TopNeighbours.Entry(key: key, id: segment.id(row))) }
        }
        waiting = 0
    }

    // MARK: Steps

    private var threshold: Float { max(floor, best.threshold) }

    /// Lets the rows of a stretch wait that their codes do not rule out.
    private func gather(_ stretch: Range<Int>) {
        reserve(waiting + stretch.count)
        let blockCount = CodeKernels.blockCount
        let found = codes.blocks.withUnsafePointer { base in
            let blocks = UnsafeRawPointer(base + stretch.lowerBound / blockCount * codes.blocks.stride)
            let (rows, reaches) = (rows + waiting, reaches + waiting)
            guard let eligible else {
                return coded.test.scan(blocks, count: stretch.count, eligible: nil, rows: rows, reaches: reaches)
            }
            return eligible.withHalfWords {
                coded.test.scan(
                    blocks, count: stretch.count, eligible: $0 + stretch.lowerBound / blockCount, rows: rows,
                    reaches: reaches)
            }
        }
        let offset = UInt32(stretch.lowerBound - start)
        for index in waiting..<waiting + found { rows[index] += offset }
        waiting += found
    }

    /// Of the rows that wait from a place on, lets those wait that are not ruled out now.
    private func sift(from place: Int) {
        coded.ask(for: threshold)
        waiting = codes.blocks.withUnsafePointer { base in
            let blocks = UnsafeRawPointer(base + start / CodeKernels.blockCount * codes.blocks.stride)
            return place + coded.test.sift(blocks, rows: rows + place, reaches: reaches + place, count: waiting - place)
        }
    }

    /// Scores the last `count` rows that wait.
    private func score(_ count: Int) throws(VectorIndexError) {
        let ahead = 5
        let end = waiting
        waiting -= count
        for index in end - count..<min(end, end - count + ahead) { prefetch(index) }
        for index in end - count..<end {
            if index + ahead < end { prefetch(index + ahead) }
            let row = start + Int(rows[index])
            let key = try key(row)
            if key >= best.threshold { best.offer(key, id: segment.id(row)) }
        }
    }

    private func key(_ row: Int) throws(VectorIndexError) -> Float {
        try segment.check(rows: row..<row + 1)
        return vectors.key(metric, query, row: row)
    }

    private func prefetch(_ index: Int) {
        CodeKernels.prefetch(vectors.address(start + Int(rows[index])), byteCount: vectors.rowSize)
    }

    /// Of the rows that wait from a place on, moves those to the end that reach the threshold by their estimate, and returns their
    /// number.
    private func selectReaching(from place: Int) -> Int {
        let threshold = coded.test.threshold
        var (low, high) = (place, waiting)
        while low < high {
            if reaches[low] >= threshold {
                high -= 1
                swap(low, high)
            } else {
                low += 1
            }
        }
        return waiting - low
    }

    /// Moves the `count` rows that reach farthest, of the last `candidates`, to the end (Hoare's selection), and returns their
    /// number.
    private func select(_ count: Int, among candidates: Int) -> Int {
        guard count < candidates else { return candidates }
        let place = waiting - count
        var (low, high) = (waiting - candidates, waiting - 1)
        while low < high {
            let pivot = max(
                min(reaches[low], reaches[high]), min(max(reaches[low], reaches[high]), reaches[(low + high) / 2]))
            var (left, right) = (low, high)
            while left <= right {
                while reaches[left] < pivot { left += 1 }
                while reaches[right] > pivot { right -= 1 }
                if left <= right {
                    swap(left, right)
                    left += 1
                    right -= 1
                }
            }
            if place <= right {
                high = right
            } else if place >= left {
                low = left
            } else {
                break
            }
        }
        return count
    }

    private func swap(_ first: Int, _ second: Int) {
        (rows[first], rows[second]) = (rows[second], rows[first])
        (reaches[first], reaches[second]) = (reaches[second], reaches[first])
    }

    private func reserve(_ count: Int) {
        guard count > capacity else { return }
        let size = max(count, 2 * capacity)
        let (moreRows, moreReaches) = (
            UnsafeMutablePointer<UInt32>.allocate(capacity: size), UnsafeMutablePointer<Float>.allocate(capacity: size)
        )
        moreRows.update(from: rows, count: waiting)
        moreReaches.update(from: reaches, count: waiting)
        rows.deallocate()
        reaches.deallocate()
        (rows, reaches, capacity) = (moreRows, moreReaches, size)
    }
}
