internal import Synchronization
package import VectorMath

/// A layer's weight that no training step changes: packed once for the forward pass, and for the backward pass when the
/// first one asks for it. A model that only serves never packs the second form.
package final class FrozenWeight: Sendable {
    /// W, `[out, in]`, as the file has it.
    package let matrix: MatrixView<Float>
    /// For y = x · Wᵀ.
    let forward: PackedMatrix
    private let transposed = Mutex<PackedMatrix?>(nil)

    package init(_ matrix: MatrixView<Float>) {
        self.matrix = matrix
        forward = PackedMatrix(matrix)
    }

    /// For dx = dy · W.
    var backward: PackedMatrix {
        transposed.withLock { packed in
            if let packed { return packed }
            let made = PackedMatrix(transposing: matrix)
            packed = made
            return made
        }
    }
}
