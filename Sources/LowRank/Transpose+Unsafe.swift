internal import COpenBLAS
internal import VectorMath

/// Mᵀ.
func transposed(_ matrix: MatrixView<Float>) -> Matrix<Float> {
    var result = Matrix<Float>(uninitializedRows: matrix.columns, columns: matrix.rows)
    guard matrix.rows > 0, matrix.columns > 0 else { return result }
    OpenBLAS.prepare()
    let stride = result.stride
    matrix.withUnsafePointer { from in
        result.withUnsafeMutablePointer { to in
            cblas_somatcopy(
                CblasRowMajor, CblasTrans, blasint(matrix.rows), blasint(matrix.columns), 1, from,
                blasint(matrix.stride), to, blasint(stride))
        }
    }
    return result
}
