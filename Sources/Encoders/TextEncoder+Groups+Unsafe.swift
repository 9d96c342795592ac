internal import Synchronization
internal import VectorMath

extension TextEncoder {
    /// Vectors `[count, dimension]` of groups of texts: many groups a thread each, few groups one after the other on all threads.
    func encode(
        _ groups: [Group], count: Int, of total: Int, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        var vectors = Matrix<Float>(uninitializedRows: count, columns: model.dimension)
        let stride = vectors.stride
        let done = Atomic<Int>(0)
        let isCancelled = Atomic<Bool>(false)
        vectors.withUnsafeMutablePointer { vectors in
            let caller = ThreadIdentity.current
            func encode(_ group: Group) {
                guard !isCancelled.load(ordering: .relaxed) else { return }
                write(embed(group), to: group.members.map { vectors + $0 * stride })
                let sum = done.wrappingAdd(group.textCount, ordering: .relaxed).newValue
                // Only the caller's thread knows its task, and only there may its closure run.
                guard ThreadIdentity.current == caller else { return }
                if Task.isCancelled { isCancelled.store(true, ordering: .relaxed) }
                if sum < total { progress?(sum, total) }
            }
            if groups.count >= 2 * ThreadPool.width {
                parallelFor(groups.count) { range in
                    for i in range { encode(groups[i]) }
                }
            } else {
                for group in groups { encode(group) }
            }
        }
        if isCancelled.load(ordering: .relaxed) || Task.isCancelled { throw .cancelled }
        if total > 0 { progress?(total, total) }
        return vectors
    }

    /// Vectors `[B, dimension]` of one group.
    private func embed(_ group: Group) -> Matrix<Float> {
        var pooled = group.inference.withHiddenStates(group.batch, runs: group.runs) {
            model.pooling.forward($0, batch: group.batch).y
        }
        if model.normalizes { _ = normalizeRows(&pooled) }
        return pooled
    }

    private func write(_ rows: Matrix<Float>, to places: [UnsafeMutablePointer<Float>]) {
        rows.withUnsafePointer { base in
            for (i, place) in places.enumerated() {
                place.update(from: base + i * rows.stride, count: rows.columns)
            }
        }
    }
}
