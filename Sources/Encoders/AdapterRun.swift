/// Rows of a group that go through one adapter, or through none.
struct AdapterRun: Sendable {
    let rows: Range<Int>
    let adapter: InferenceEncoder.BoundAdapter?
}

/// Rows of a group that one layer treats alike.
struct LayerStretch {
    let rows: Range<Int>
    /// What changes the layer there.
    let adapter: InferenceAdapter?

    /// The runs as a layer sees them: neighbours that leave it as it is are one.
    static func stretches(
        of runs: [AdapterRun], block: Int, _ layer: KeyPath<PackedBlockAdapters<InferenceAdapter>, InferenceAdapter?>
    ) -> [LayerStretch] {
        runs.reduce(into: []) { stretches, run in
            let adapter = run.adapter?.blocks[block][keyPath: layer]
            if adapter == nil, let last = stretches.last, last.adapter == nil {
                stretches[stretches.count - 1] = LayerStretch(
                    rows: last.rows.lowerBound..<run.rows.upperBound, adapter: nil)
            } else {
                stretches.append(LayerStretch(rows: run.rows, adapter: adapter))
            }
        }
    }
}
