internal import VectorMath

/// What was added to an index and deleted from it since the last commit.
struct PendingChanges<Batch: Sendable>: Sendable {
    private enum Change {
        case row(batch: Int, row: Int)
        case deletion
    }

    /// What was added, each call's rows.
    private(set) var batches: [Batch] = []
    /// The last thing that happened to each id.
    private var changes: [UInt64: Change] = [:]

    var isEmpty: Bool { changes.isEmpty }

    /// The ids to which something happened, in no order.
    var ids: some Sequence<UInt64> { changes.keys }

    /// Where the vectors are that were added and stayed, by ascending id.
    var added: [(id: UInt64, batch: Int, row: Int)] {
        var places: [(id: UInt64, batch: Int, row: Int)] = []
        for (id, change) in changes {
            if case .row(let batch, let row) = change { places.append((id, batch, row)) }
        }
        return places.sorted { $0.id < $1.id }
    }

    mutating func add(ids: [UInt64], batch: Batch) {
        changes.reserveCapacity(changes.count + ids.count)
        for (row, id) in ids.enumerated() { changes[id] = .row(batch: batches.count, row: row) }
        batches.append(batch)
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
}

extension PendingChanges where Batch == Matrix<Float> {
    /// The vectors that were added and stayed, by ascending id.
    func addedRows(dimension: Int) -> (ids: [UInt64], vectors: Matrix<Float>) {
        let places = added
        var vectors = Matrix<Float>(uninitializedRows: places.count, columns: dimension)
        for (row, place) in places.enumerated() { vectors.copyRow(place.row, of: batches[place.batch].view, to: row) }
        return (places.map(\.id), vectors)
    }
}
