/* thread.c - threads beside the loop. */
#include "followup/thread.h"

#include <signal.h>
#include <stdlib.h>

static void must(int code)
{
	if (code != 0)
		abort();
}

void thread_prepare(struct thread *thread)
{
	thread->is_started = thread->is_ending = false;
	/* On Linux none of these can fail. */
	must(pthread_mutex_init(&thread->lock, NULL));
	must(pthread_cond_init(&thread->wake, NULL));
	must(pthread_cond_init(&thread->done, NULL));
}

bool thread_start(struct thread *thread, void *(*work)(void *context), void *context)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return false;
	thread->is_started = pthread_create(&thread->id, NULL, work, context) == 0;
	must(pthread_sigmask(SIG_SETMASK, &before, NULL));
	return thread->is_started;
}

void thread_end(struct thread *thread)
{
	if (!thread->is_started)
		return;
	thread_lock(thread);
	thread->is_ending = true;
	thread_wake(thread);
	thread_unlock(thread);
	must(pthread_join(thread->id, NULL));
	thread->is_started = thread->is_ending = false;
}

void thread_destroy(struct thread *thread)
{
	(void)pthread_cond_destroy(&thread->done);
	(void)pthread_cond_destroy(&thread->wake);
	(void)pthread_mutex_destroy(&thread->lock);
}

void thread_lock(struct thread *thread)
{
	must(pthread_mutex_lock(&thread->lock));
}

void thread_unlock(struct thread *thread)
{
	must(pthread_mutex_unlock(&thread->lock));
}

void thread_sleep(struct thread *thread)
{
	must(pthread_cond_wait(&thread->wake, &thread->lock));
}

void thread_wake(struct thread *thread)
{
	must(pthread_cond_signal(&thread->wake));
}

void thread_await(struct thread *thread)
{
	must(pthread_cond_wait(&thread->done, &thread->lock));
}

void thread_tell(struct thread *thread)
{
	must(pthread_cond_signal(&thread->done));
}
