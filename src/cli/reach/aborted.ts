import { Observable } from 'rxjs';

/** Emits once when the signal is aborted; at once if it has been. For `takeUntil`. */
export function aborted(signal: AbortSignal): Observable<void> {
  return new Observable(subscriber => {
    const onAbort = (): void => {
      subscriber.next();
      subscriber.complete();
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    return () => signal.removeEventListener('abort', onAbort);
  });
}
