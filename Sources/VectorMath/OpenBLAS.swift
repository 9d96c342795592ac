internal import COpenBLAS

/// Makes OpenBLAS run on the thread that calls it: the threads are ours.
///
/// The number is the process's, so other users of OpenBLAS in it are affected too. Decompositions through LAPACK call it
/// before their first use as well.
public enum OpenBLAS {
    private static let prepared: Void = openblas_set_num_threads(1)

    /// Sets OpenBLAS to one thread a call, once.
    public static func prepare() { prepared }
}
