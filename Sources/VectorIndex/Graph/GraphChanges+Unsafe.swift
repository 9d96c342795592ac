internal import VectorMath

/// Changes in the making: a copy of a graph's state, which becomes a snapshot or is thrown away.
struct GraphChanges {
    private(set) var state: GraphState
    /// Vertices by a digest of their rows' vectors, so that equal vectors become one vertex.
    private(set) var digests: [UInt64: UInt32]
    /// Vertices that may not be found any more, or not yet: new ones, and those that lost a link to them.
    private var doubtful: Set<UInt32> = []
    private let report: (IndexProgress) -> Bool

    /// A round is at most one part in so many of the graph that it is planned against: vertices of one round do not see each other.
    private static let roundPart = 2
    /// More vertices than that are not planned at once: what a round remembers of each takes memory.
    private static let largestRound = 1 << 17
    /// About one entry for so many vertices.
    private static let verticesPerEntry = 256
    private static let mostEntries = 256
    /// Where one vertex in so many may have become hard to find, all are looked for: that costs less than a fifth of what the change did.
    private static let wholeCheck = 8

    /// - Parameter report: Gets the progress; false ends the work.
    init(_ state: GraphState, digests: [UInt64: UInt32], report: @escaping (IndexProgress) -> Bool) {
        self.state = state
        self.digests = digests
        self.report = report
    }

    func check(_ step: IndexProgress.Step, _ done: Int, of total: Int) throws(VectorIndexError) {
        if !report(IndexProgress(step: step, done: done, total: total)) { throw .cancelled }
    }

    // MARK: Deleting

    /// Takes ids out; vertices that lose their last id are taken out of the graph.
    mutating func delete(_ ids: [UInt64]) throws(VectorIndexError) {
        var dead: [UInt32] = []
        for id in ids {
            guard let vertex = state.table.remove(id) else { continue }
            if var twins = state.twins[vertex] {
                if state.id(vertex) == id {
                    state.ids.makeWritable(CollectionOfOne(vertex))
                    state.ids.row(Int(vertex)).storeBytes(of: twins.removeFirst(), as: UInt64.self)
                } else {
                    twins.removeAll { $0 == id }
                }
                state.twins[vertex] = twins.isEmpty ? nil : twins
            } else {
                dead.append(vertex)
            }
        }
        guard !dead.isEmpty else { return }
        for vertex in dead {
            let digest = digest(of: vertex)
            if digests[digest] == vertex { digests[digest] = nil }
        }
        for vertex in dead { doubtful.formUnion(state.neighbours(vertex)) }
        try bridge(dead)
        for vertex in dead { state.live[Int(vertex) >> 5] &= ~(1 << (vertex & 31)) }
        state.vertexCount -= dead.count
        dropUnused()
        chooseEntries()
    }

    /// Gives those who have dead neighbours others: what is left of theirs, and what the dead ones led to.
    private mutating func bridge(_ dead: [UInt32]) throws(VectorIndexError) {
        var isDead = [Bool](repeating: false, count: state.vertexEnd)
        for vertex in dead { isDead[Int(vertex)] = true }
        try check(.repairing, 0, of: dead.count)
        let degree = state.layout.degree
        let grain = 1024
        let current = state
        // Every list is read: so none keeps a dead neighbour.
        let found = parallelMap((state.vertexEnd + grain - 1) / grain) { piece -> [(UInt32, [UInt32])] in
            var found: [(UInt32, [UInt32])] = []
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: degree) { list in
                guard let base = list.baseAddress else { return }
                current.withRows { rows in
                    for index in piece * grain..<min(current.vertexEnd, (piece + 1) * grain) where !isDead[index] {
                        let vertex = UInt32(index)
                        guard current.isLive(vertex) else { continue }
                        let own = (0..<rows.neighbours(vertex, into: base)).map { base[$0] }
                        guard own.contains(where: { isDead[Int($0)] }) else { continue }
                        var candidates = Set<UInt32>()
                        for neighbour in own {
                            if !isDead[Int(neighbour)] {
                                candidates.insert(neighbour)
                                continue
                            }
                            for next in 0..<rows.neighbours(neighbour, into: base) where !isDead[Int(base[next])] {
                                candidates.insert(base[next])
                            }
                        }
                        candidates.remove(vertex)
                        found.append((vertex, candidates.sorted()))
                    }
                }
            }
            return found
        }.flatMap { $0 }
        let round = GraphRound(beam: state.buildBeam)
        doubtful.formUnion(round.relink(found.map(\.0), candidates: found.map(\.1), in: &state))
        try check(.repairing, dead.count, of: dead.count)
    }

    // MARK: Adding

    /// Adds vectors, `[N, D]`, prepared, with ids that are not there, ascending.
    mutating func add(ids: [UInt64], vectors: MatrixView<Float>) throws(VectorIndexError) {
        guard !ids.isEmpty else { return }
        if state.space == nil {
            state.space = GraphSpace(vectors, metric: state.metric, seed: state.settings.seed)
        }
        let old = state.vertexCount
        var added = place(ids, vectors)
        guard !added.isEmpty else { return }
        // What comes sorted, by topic or by writer, would come in rounds of its own, without its neighbours: of mnist784's a beam of 32
        // then found 94.6 % instead of 99.5.
        var generator = RandomGenerator(seed: state.settings.seed, stream: 3)
        generator.shuffle(&added)
        doubtful.formUnion(added)
        // What a refinement looks for again need not be found as well at first.
        let beam = state.buildBeam
        let first = GraphRound(beam: state.settings.refinements > 0 ? (beam + 1) / 2 : beam)
        var (done, existing, withEntries) = (0, old, 0)
        while done < added.count {
            try check(.inserting, done, of: added.count)
            var size = min(max(existing / Self.roundPart, GraphRound.fewest), Self.largestRound)
            var others: [UInt32]?
            if existing < GraphRound.fewest {
                size = GraphRound.fewest - existing
                others = liveVertices(before: done, of: added) + added[done..<min(added.count, done + size)]
            }
            let round = Array(added[done..<min(added.count, done + size)])
            doubtful.formUnion(first.run(round, comparing: others, in: &state))
            done += round.count
            existing += round.count
            guard existing >= 2 * withEntries || done == added.count else { continue }
            // After a few more vertices the entries are as good as before.
            chooseEntries(anew: 2 * added.count >= old, linkedOnly: done < added.count)
            withEntries = existing
        }
        for pass in 0..<state.settings.refinements where old + added.count > GraphRound.fewest {
            for start in stride(from: 0, to: added.count, by: Self.largestRound) {
                try check(.refining, pass * added.count + start, of: state.settings.refinements * added.count)
                let round = Array(added[start..<min(added.count, start + Self.largestRound)])
                doubtful.formUnion(GraphRound(beam: state.buildBeam).run(round, comparing: nil, in: &state))
            }
        }
    }

    /// The vertices that were there before, and those of the batch that are in already.
    private func liveVertices(before done: Int, of added: [UInt32]) -> [UInt32] {
        let waiting = Set(added[done...])
        return (0..<UInt32(state.vertexEnd)).filter { state.isLive($0) && !waiting.contains($0) }
    }

    /// Puts vectors into rows; returns the new vertices, in the order of the ids.
    private mutating func place(_ ids: [UInt64], _ vectors: MatrixView<Float>) -> [UInt32] {
        guard let space = state.space else { preconditionFailure("vectors without a space") }
        let slots = takeSlots(ids.count)
        let current = state
        vectors.withUnsafePointer { base in
            nonisolated(unsafe) let base = base
            current.withRows { rows in
                nonisolated(unsafe) let rows = rows
                parallelFor(ids.count, grain: 64) { block in
                    current.scratches.use(vertexCount: 1, beam: 1) { scratch in
                        for row in block {
                            let vector = base + row * vectors.stride
                            let addend = space.place(vector, into: scratch.vector)
                            rows.setVector(slots[row], scratch.vector, addend: addend)
                            current.vectors.map { store in
                                let kept = store.row(Int(slots[row])).assumingMemoryBound(to: Float.self)
                                kept.update(from: vector, count: current.dimension)
                                (kept + current.dimension).update(
                                    repeating: 0, count: store.rowSize / 4 - current.dimension)
                            }
                        }
                    }
                }
            }
        }
        let found = parallelMap(ids.count, grain: 64) { current.digest(of: slots[$0]) }
        var added: [UInt32] = []
        for (row, id) in ids.enumerated() {
            if let twin = digests[found[row]], current.areEqual(twin, slots[row]) {
                state.addTwin(id, to: twin)
            } else {
                digests[found[row]] = slots[row]
                state.ids.row(Int(slots[row])).storeBytes(of: id, as: UInt64.self)
                state.live[Int(slots[row]) >> 5] |= 1 << (slots[row] & 31)
                state.table.set(id, to: slots[row])
                added.append(slots[row])
            }
        }
        state.vertexCount += added.count
        dropUnused()
        return added
    }

    /// Gives back room at the end that no vertex uses.
    private mutating func dropUnused() {
        let before = state.vertexEnd
        while state.vertexEnd > 0, !state.isLive(UInt32(state.vertexEnd - 1)) { state.vertexEnd -= 1 }
        guard state.vertexEnd < before else { return }
        state.rows.shrink(to: state.vertexEnd)
        state.ids.shrink(to: state.vertexEnd)
        state.vectors?.shrink(to: state.vertexEnd)
    }

    /// Free slots, used ones first, that may be written.
    private mutating func takeSlots(_ count: Int) -> [UInt32] {
        var slots: [UInt32] = []
        for slot in 0..<UInt32(state.vertexEnd) where !state.isLive(slot) {
            if slots.count == count { break }
            slots.append(slot)
        }
        let fresh = count - slots.count
        slots += UInt32(state.vertexEnd)..<UInt32(state.vertexEnd + fresh)
        state.vertexEnd += fresh
        precondition(state.vertexEnd < 1 << 31, "a graph of \(state.vertexEnd) vertices")
        while state.live.count < state.vertexEnd / 32 + 1 { state.live.append(0) }
        state.rows.grow(to: state.vertexEnd)
        state.ids.grow(to: state.vertexEnd)
        state.vectors?.grow(to: state.vertexEnd)
        state.rows.makeWritable(slots)
        state.ids.makeWritable(slots)
        state.vectors?.makeWritable(slots)
        return slots
    }

    private func digest(of vertex: UInt32) -> UInt64 { state.digest(of: vertex) }

    // MARK: Entries and reach

    /// Chooses the vertices that searches begin with, as a seed has it.
    ///
    /// - Parameters:
    ///   - anew: Whether those that there are go: then none of the others is sure to be found any more.
    ///   - linkedOnly: Whether, in the middle of an addition, some vertices in use have no neighbours yet.
    private mutating func chooseEntries(anew: Bool = false, linkedOnly: Bool = false) {
        let candidates = (0..<UInt32(state.vertexEnd)).filter { state.isLive($0) && (!linkedOnly || isLinked($0)) }
        let blocks = max(1, min(Self.mostEntries, candidates.count / Self.verticesPerEntry) / GraphRowLayout.blockCount)
        let count = min(candidates.count, blocks * GraphRowLayout.blockCount)
        var generator = RandomGenerator(seed: state.settings.seed, stream: 1)
        var chosen = anew ? [] : Set(state.entryVertices.filter { state.isLive($0) }.prefix(count))
        if anew { doubtful.formUnion(candidates) }
        while chosen.count < count { chosen.insert(candidates[generator.below(candidates.count)]) }
        state.entryVertices = chosen.sorted()
        state.entries = state.withRows { $0.entryBlocks(of: state.entryVertices) }
    }

    /// Whether a vertex has neighbours.
    private func isLinked(_ vertex: UInt32) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: state.layout.degree) { list in
            guard let base = list.baseAddress else { return false }
            return state.withRows { $0.neighbours(vertex, into: base) } > 0
        }
    }

    /// Links what a walk from the entries does not reach, and, before a commit ends, what changed and a narrow search does not find.
    mutating func reachAll(isLast: Bool) {
        guard state.vertexCount > 0 else { return }
        let reach = GraphReach(state)
        reach.linkAll(&state, beam: state.buildBeam)
        guard isLast else { return }
        // Where much has changed, walks to the others have too.
        let isAll = doubtful.count > state.vertexCount / Self.wholeCheck
        let uncertain = isAll ? Array(0..<UInt32(state.vertexEnd)) : doubtful.sorted()
        doubtful = []
        reach.linkUnfound(uncertain.filter { $0 < state.vertexEnd && state.isLive($0) }, in: &state)
    }

    mutating func calibrate(_ calibration: RecallCalibration?) { state.calibration = calibration }
}

extension GraphState {
    /// A digest of a row's vector.
    func digest(of vertex: UInt32) -> UInt64 {
        let bytes = UnsafeRawBufferPointer(start: rows.row(Int(vertex)), count: layout.vectorSize)
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for offset in stride(from: 0, to: layout.vectorSize, by: 8) {
            digest = (digest ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x9e37_79b9_7f4a_7c15
            digest ^= digest >> 29
        }
        return digest
    }

    /// Whether two vertices have the same vector.
    func areEqual(_ a: UInt32, _ b: UInt32) -> Bool {
        let (first, second) = (rows.row(Int(a)), rows.row(Int(b)))
        func equal(_ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, _ offset: Int, _ count: Int) -> Bool {
            UnsafeRawBufferPointer(start: x + offset, count: count).elementsEqual(
                UnsafeRawBufferPointer(start: y + offset, count: count))
        }
        guard equal(first, second, 0, layout.vectorSize) else { return false }
        if layout.extraSize > 0, !equal(first, second, layout.rowSize - 64, layout.extraSize) { return false }
        guard let vectors else { return true }
        return equal(vectors.row(Int(a)), vectors.row(Int(b)), 0, 4 * dimension)
    }

    /// Gives a vertex another id.
    mutating func addTwin(_ id: UInt64, to vertex: UInt32) {
        table.set(id, to: vertex)
        let place = twins[vertex]?.firstPlace { $0 >= id } ?? 0
        twins[vertex, default: []].insert(id, at: place)
    }
}
