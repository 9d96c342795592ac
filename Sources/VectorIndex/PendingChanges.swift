internal import VectorMath

/// What was added and deleted since the last commit.
struct PendingChanges: Sendable {
    private enum Change {
        case row(batch: Int, row: Int)
        case deletion
    }

    /// What was added, each call's rows.
    private var batches: [StoredVectors] = []
    /// The last thing that happened to each id.
    private var changes: [UInt64: Change] = [:]

    var isEmpty: Bool { changes.isEmpty }

    mutating func add(ids: [UInt64], vectors: StoredVectors) {
        changes.reserveCapacity(changes.count + ids.count)
        for (row, id) in ids.enumerated() { changes[id] = .row(batch: batches.count, row: row) }
        batches.append(vectors)
    }

    /// - Returns: Whether the id was there.
    mutating func delete(_ id: UInt64, isCommitted: Bool) -> Bool {
        switch changes[id] {
        case .row:
            changes[id] = isCommitted ? .deletion : nil
            return true
        case .deletion: return false
        case nil:
            if isCommitted { changes[id] = .deletion }
            return isCommitted
        }
    }

    /// The snapshot with these changes made to it.
    ///
    /// - Parameter merging: Whether segments are joined, as one does that stay in memory.
    func applied(
        to snapshot: ExactSnapshot, tag: [UInt8], merging: Bool
    ) throws(VectorIndexError) -> ExactSnapshot {
        var segments = snapshot.segments
        for id in changes.keys {
            if let place = try snapshot.place(of: id) { segments[place.segment].delete(row: place.row) }
        }
        let added = added(dimension: snapshot.dimension, storage: snapshot.storage)
        if added.rowCount > 0 { segments.append(added) }
        segments.removeAll { $0.count == 0 }
        if merging { segments = try Self.merged(segments, of: snapshot) }
        return ExactSnapshot(
            metric: snapshot.metric, dimension: snapshot.dimension, storage: snapshot.storage, tag: tag,
            segments: segments,
            codePolicy: snapshot.codePolicy)
    }

    private func added(dimension: Int, storage: VectorStorage) -> VectorSegment {
        var places: [(id: UInt64, batch: Int, row: Int)] = []
        for (id, change) in changes {
            if case .row(let batch, let row) = change { places.append((id, batch, row)) }
        }
        places.sort { $0.id < $1.id }
        if batches.count == 1, places.count == batches[0].count, places.indices.allSatisfy({ places[$0].row == $0 }) {
            return VectorSegment(ids: places.map(\.id), vectors: batches[0])
        }
        let vectors = StoredVectors(copying: places.count, dimension: dimension, storage: storage) { row in
            batches[places[row].batch].address(places[row].row)
        }
        return VectorSegment(ids: places.map(\.id), vectors: vectors)
    }

    /// Joins the last segments while they are not much smaller than the one before, so that many small commits stay few
    /// segments and each row is copied a logarithmic number of times; rewrites a segment of which half is deleted.
    ///
    /// Which are joined is settled first, so that each row is copied once; what is joined or new gets codes of its own, around its
    /// own mean. (Rows on their way into a file get theirs when it is written.)
    private static func merged(
        _ segments: [VectorSegment], of snapshot: ExactSnapshot
    ) throws(VectorIndexError) -> [VectorSegment] {
        var groups = segments.map { (count: $0.count, parts: [$0]) }
        while groups.count > 1, 2 * groups[groups.count - 1].count >= groups[groups.count - 2].count {
            let last = groups.removeLast()
            groups[groups.count - 1].count += last.count
            groups[groups.count - 1].parts += last.parts
        }
        var result: [VectorSegment] = []
        for group in groups {
            let isSparse = 2 * group.count < group.parts[0].rowCount
            var segment = group.parts[0]
            if group.parts.count > 1 || isSparse {
                segment = try LiveRows(of: group.parts).merged(
                    dimension: snapshot.dimension, storage: snapshot.storage)
            }
            segment.makeCodes(snapshot.codePolicy, metric: snapshot.storage.codedMetric(snapshot.metric))
            result.append(segment)
        }
        return result
    }
}
